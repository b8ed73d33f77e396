// The looks of the series: colours for light and dark that stay apart for the colour-blind (test/tools/bench/report.test.ts
// checks it), and markers and dashes for those who see none. It must not know what is drawn.

/** In the order in which they are given away: ours is the first. */
export const LIGHT = ['#0b63c4', '#de6e29', '#9a8ca4', '#382871', '#75220a', '#805175', '#5f8df3', '#b84221'] as const;
export const DARK = ['#6cb2ff', '#f28f29', '#8a6c9d', '#b4dad8', '#e44919', '#b69592', '#6a73fb', '#f6ca70'] as const;

export const LIGHT_PAGE = {
  background: '#ffffff',
  text: '#1b1f24',
  muted: '#57606a',
  line: '#d5dae0',
  loss: '#fbe9e0',
};
export const DARK_PAGE = { background: '#12161c', text: '#e6eaef', muted: '#9aa5b1', line: '#303843', loss: '#3a221a' };
const LOSS_TEXT = { light: '#9c2f0c', dark: '#ff9d75' };

const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 2', '1 2', '12 3', '6 2 1 2 1 2', '3 6'] as const;

export function dashOf(slot: number): string {
  return DASHES[slot % DASHES.length]!;
}

/** A marker around a point, by its slot: each of another shape, one more than there are colours. */
export function drawMarker(slot: number, x: number, y: number, attributes: string): string {
  const size = 4;
  const at = (dx: number, dy: number) => `${round(x + dx * size)},${round(y + dy * size)}`;
  const polygon = (...points: string[]) => `<polygon points="${points.join(' ')}" ${attributes}/>`;
  switch (slot % DASHES.length) {
    case 0:
      return `<circle cx="${round(x)}" cy="${round(y)}" r="${size}" ${attributes}/>`;
    case 1:
      return polygon(at(-0.9, -0.9), at(0.9, -0.9), at(0.9, 0.9), at(-0.9, 0.9));
    case 2:
      return polygon(at(0, -1.2), at(1.1, 0.8), at(-1.1, 0.8));
    case 3:
      return polygon(at(0, -1.3), at(1.3, 0), at(0, 1.3), at(-1.3, 0));
    case 4:
      return polygon(at(0, 1.2), at(1.1, -0.8), at(-1.1, -0.8));
    case 5:
      return polygon(at(-0.6, -1.3), at(0.6, -1.3), at(0.6, 1.3), at(-0.6, 1.3));
    case 6:
      return polygon(at(-1.3, -0.6), at(1.3, -0.6), at(1.3, 0.6), at(-1.3, 0.6));
    case 7:
      return polygon(at(-0.6, -1.1), at(0.6, -1.1), at(1.2, 0), at(0.6, 1.1), at(-0.6, 1.1), at(-1.2, 0));
    default:
      // A cross.
      return polygon(
        ...[at(-1.3, -0.4), at(-0.4, -0.4), at(-0.4, -1.3), at(0.4, -1.3), at(0.4, -0.4), at(1.3, -0.4)],
        ...[at(1.3, 0.4), at(0.4, 0.4), at(0.4, 1.3), at(-0.4, 1.3), at(-0.4, 0.4), at(-1.3, 0.4)],
      );
  }
}

/** The variables and classes that drawings use, for light and dark. */
export const PLOT_STYLE = `:root{color-scheme:light dark;${variables(LIGHT_PAGE, LIGHT, LOSS_TEXT.light)}}
@media(prefers-color-scheme:dark){:root{${variables(DARK_PAGE, DARK, LOSS_TEXT.dark)}}}
${LIGHT.map((_, slot) => `.s${slot}{--c:var(--c${slot})}`).join('')}
svg text{fill:var(--text);paint-order:stroke;stroke:var(--background);stroke-width:3px;stroke-linejoin:round;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
svg .muted{fill:var(--muted)}svg .small{font-size:11px}svg .title{font-size:16px;font-weight:600}
.grid{stroke:var(--line);stroke-width:1}.even{stroke:var(--text);stroke-width:1.5}.loss-area{fill:var(--loss)}
svg .loss-text{fill:var(--loss-text);font-weight:600}
.path{fill:none;stroke:var(--c);stroke-width:2}.spread{stroke:var(--c);stroke-width:1.5;opacity:.55}
.mark{fill:var(--c);stroke:var(--background);stroke-width:1}.mark.miss{fill:var(--background);stroke:var(--c);stroke-width:2}
.bar{stroke:var(--c,var(--text));stroke-width:3}.block{fill:var(--c)}.lead{stroke:var(--muted);stroke-width:.7}`;

function variables(page: Readonly<Record<string, string>>, colors: readonly string[], lossText: string): string {
  const all = [...Object.entries({ ...page, 'loss-text': lossText }), ...colors.map((color, i) => [`c${i}`, color])];
  return all.map(([name, value]) => `--${name}:${value}`).join(';');
}

/** A tenth of a pixel is enough, and keeps files small. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
