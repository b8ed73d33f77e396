// `ws` for a whole tree of dependencies, which is `wsimd/node`: see "Under a whole dependency tree" in docs/how-to/migrate-from-ws.md.

module.exports = require('wsimd/node');
