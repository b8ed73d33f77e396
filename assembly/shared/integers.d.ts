// The integers of AssemblyScript, for tsc, which reads the rules of this folder too: there they are numbers.

type u32 = number;
type u64 = number;
type i32 = number;
type bool = boolean;
