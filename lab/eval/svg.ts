/** Draws line charts as SVG files that are legible on light and dark pages. */

type ChartPoint = readonly [x: number, y: number];

interface Axis {
  readonly label: string;
  /** A logarithmic axis starts above 0. */
  readonly scale: 'linear' | 'log';
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  /** Label of a tick. Defaults to the number. */
  readonly format?: (value: number) => string;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Points outside an axis are drawn at its end. */
  readonly series: readonly { readonly name: string; readonly points: readonly ChartPoint[] }[];
}

const [WIDTH, HEIGHT] = [640, 420];
const PLOT = { left: 70, top: 44, right: 620, bottom: 340 } as const;
/** Above this number of points, a line is drawn without marks. */
const MAX_MARKS = 16;

/** Colors of M. Okabe and K. Ito's palette for all kinds of color vision, lighter ones for dark pages. */
const COLORS = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#ff9a4d'],
  ['#009e73', '#3ddbab'],
  ['#aa4499', '#e28cd0'],
  ['#666666', '#bbbbbb'],
] as const;
/** Dashes, so that lines differ in more than color. */
const DASHES = ['none', '7 3', '2 3', '9 3 2 3', '4 4'] as const;

const STYLE = [
  'text{font:13px system-ui,sans-serif;fill:#222}',
  '.title{font-weight:600;font-size:15px}',
  '.grid{stroke:#8886;stroke-width:1}',
  '.line{fill:none;stroke-width:2}',
  ...COLORS.map(([light], i) => `.s${i}{stroke:${light}}circle.s${i}{fill:${light}}`),
  '@media(prefers-color-scheme:dark){text{fill:#ddd}',
  ...COLORS.map(([, dark], i) => `.s${i}{stroke:${dark}}circle.s${i}{fill:${dark}}`),
  '}',
].join('');

/**
 * Draws a chart.
 * @returns the source of an SVG file of 640 x 420 px
 */
export function drawChart({ title, x, y, series }: Chart): string {
  const toX = place(x, PLOT.left, PLOT.right);
  const toY = place(y, PLOT.bottom, PLOT.top);
  const middleX = (PLOT.left + PLOT.right) / 2;
  const middleY = (PLOT.top + PLOT.bottom) / 2;
  const parts = [
    text(title, middleX, 22, 'middle', 'class="title"'),
    text(x.label, middleX, PLOT.bottom + 42, 'middle'),
    text(y.label, 18, middleY, 'middle', `transform="rotate(-90 18 ${middleY})"`),
  ];
  for (const tick of x.ticks) {
    parts.push(line(toX(tick), PLOT.top, toX(tick), PLOT.bottom, 'grid'));
    parts.push(text((x.format ?? String)(tick), toX(tick), PLOT.bottom + 18, 'middle'));
  }
  for (const tick of y.ticks) {
    parts.push(line(PLOT.left, toY(tick), PLOT.right, toY(tick), 'grid'));
    parts.push(text((y.format ?? String)(tick), PLOT.left - 8, toY(tick) + 4, 'end'));
  }
  for (const [i, { name, points }] of series.entries()) {
    const color = `s${i % COLORS.length}`;
    const dash = `stroke-dasharray="${DASHES[i % DASHES.length]!}"`;
    const placed = points.map(([px, py]) => [round(toX(px)), round(toY(py))] as const);
    parts.push(`<polyline class="line ${color}" ${dash} points="${placed.map((p) => p.join(',')).join(' ')}"/>`);
    if (placed.length <= MAX_MARKS) {
      parts.push(...placed.map(([cx, cy]) => `<circle class="${color}" cx="${cx}" cy="${cy}" r="3"/>`));
    }
    const legendY = HEIGHT - 10;
    const legendX = PLOT.left + i * ((PLOT.right - PLOT.left) / series.length);
    parts.push(line(legendX, legendY - 4, legendX + 28, legendY - 4, `line ${color}`, dash));
    parts.push(text(name, legendX + 34, legendY, 'start'));
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`;
  return [head, `<title>${escape(title)}</title>`, `<style>${STYLE}</style>`, ...parts, '</svg>', ''].join('\n');
}

/** Maps values of an axis to pixels from `start` to `end`. */
function place({ scale, from, to }: Axis, start: number, end: number): (value: number) => number {
  const transform = scale === 'log' ? Math.log : (value: number) => value;
  return (value) => {
    const inside = Math.min(to, Math.max(from, value));
    const share = (transform(inside) - transform(from)) / (transform(to) - transform(from));
    return start + share * (end - start);
  };
}

function line(x1: number, y1: number, x2: number, y2: number, classes: string, more = ''): string {
  const ends = [x1, y1, x2, y2].map(round);
  return `<line class="${classes}" ${more} x1="${ends[0]!}" y1="${ends[1]!}" x2="${ends[2]!}" y2="${ends[3]!}"/>`;
}

function text(content: string, x: number, y: number, anchor: 'start' | 'middle' | 'end', more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" ${more}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
