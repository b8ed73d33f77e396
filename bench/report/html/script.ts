// What moves in the report: the figure of a point under the pointer, or of one reached with the arrow keys. The page can be
// read without it. It must not know what is drawn.

/** Each plot is one stop of the Tab key; within it the arrows go from point to point. */
export const SCRIPT = `
const tip = document.getElementById('tip');
const REACH = 24;
let near;
function show(point) {
  if (near !== point) near?.classList.remove('near');
  near = point;
  if (!point) { tip.hidden = true; return; }
  point.classList.add('near');
  tip.textContent = point.getAttribute('aria-label');
  tip.hidden = false;
  const { left, width, bottom, top } = (point.querySelector('.mark') ?? point).getBoundingClientRect();
  const { offsetWidth, offsetHeight } = tip;
  const x = Math.max(6, Math.min(left + width / 2 - offsetWidth / 2, document.documentElement.clientWidth - offsetWidth - 6));
  const above = top - offsetHeight - 8;
  tip.style.left = x + scrollX + 'px';
  tip.style.top = (above > 0 ? above : bottom + 8) + scrollY + 'px';
}
function centre(point) {
  const box = (point.querySelector('.mark') ?? point).getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2, box];
}
for (const plot of document.querySelectorAll('.plot')) {
  const points = [...plot.querySelectorAll('.point')];
  points.forEach((point, i) => point.setAttribute('tabindex', i === 0 ? '0' : '-1'));
  const find = ({ clientX, clientY }) => {
    let best, least = REACH;
    for (const point of points) {
      const [x, y, box] = centre(point);
      const inside = !point.querySelector('.mark') && clientY >= box.top && clientY <= box.bottom;
      const distance = inside ? 0 : Math.hypot(clientX - x, clientY - y);
      if (distance < least) { least = distance; best = point; }
    }
    show(best);
  };
  plot.addEventListener('pointermove', find);
  plot.addEventListener('pointerdown', find);
  plot.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') show(); });
  plot.addEventListener('focusin', (event) => show(event.target.closest('.point')));
  plot.addEventListener('focusout', () => show());
  plot.addEventListener('keydown', (event) => {
    const point = event.target.closest('.point');
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') show();
    if (!point || !step) return;
    event.preventDefault();
    const next = points[(points.indexOf(point) + step + points.length) % points.length];
    point.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
  });
}
`;
