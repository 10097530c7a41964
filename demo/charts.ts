/** Plots, with uPlot; loaded only where one is shown. Each is a picture with a title, and its figures stand in the text beside it. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT_PX = 220;

interface Curve {
  readonly title: string;
  /** What the horizontal axis shows. */
  readonly x: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A place on the horizontal axis that is marked. */
  readonly mark?: { readonly at: number; readonly label: string };
  /** Whether the vertical axis is. */
  readonly logarithmic?: boolean;
}

interface Bars {
  readonly title: string;
  readonly x: string;
  /** Centers of the bins, rising. */
  readonly bins: readonly number[];
  readonly series: readonly { readonly label: string; readonly counts: readonly number[] }[];
  readonly mark?: { readonly at: number; readonly label: string };
}

/** @returns takes it away */
export function drawCurve(host: HTMLElement, { title, x, points, mark, logarithmic = false }: Curve): () => void {
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  const colors = readColors(host);
  return plot(host, title, mark, {
    data: [sorted.map(([at]) => at), sorted.map(([, value]) => (logarithmic ? Math.log10(value) : value))],
    options: {
      scales: { x: { time: false }, ...(logarithmic ? {} : { y: { range: [0, 1] } }) },
      axes: axes(colors, x, logarithmic ? (value) => `${Number((100 * 10 ** value).toPrecision(1))} %` : String),
      series: [{}, { label: title, stroke: colors.accent, width: 2, points: { show: true } }],
    },
  });
}

/** Histograms over the same bins. @returns takes it away */
export function drawBars(host: HTMLElement, { title, x, bins, series, mark }: Bars): () => void {
  const colors = readColors(host);
  const strokes = [colors.accent, colors.danger, colors.muted];
  const [first = 0, second = 1, last = second] = [bins[0], bins[1], bins.at(-1)];
  // The bars at both ends in full width.
  const half = (second - first) / 2;
  return plot(host, title, mark, {
    data: [[...bins], ...series.map(({ counts }) => [...counts])],
    options: {
      scales: { x: { time: false, range: [first - half, last + half] } },
      axes: axes(colors, x),
      legend: { show: true, live: false },
      series: [
        {},
        ...series.map(({ label }, i) => ({
          label,
          stroke: strokes[i % strokes.length]!,
          fill: `color-mix(in srgb, ${strokes[i % strokes.length]} 35%, transparent)`,
          paths: uPlot.paths.bars!({ size: [0.9], gap: 0 }),
          points: { show: false },
        })),
      ],
    },
  });
}

interface Colors {
  readonly text: string;
  readonly line: string;
  readonly accent: string;
  readonly danger: string;
  readonly muted: string;
}

function readColors(host: HTMLElement): Colors {
  const style = getComputedStyle(host);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read('text'),
    line: read('line'),
    accent: read('accent'),
    danger: read('danger'),
    muted: read('muted'),
  };
}

function axes({ text, line }: Colors, x: string, describe: (y: number) => string = String): uPlot.Axis[] {
  const shared = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return [
    { ...shared, label: x },
    { ...shared, size: 72, values: (_chart, ticks) => ticks.map(describe) },
  ];
}

function plot(
  host: HTMLElement,
  title: string,
  mark: Curve['mark'],
  { data, options }: { readonly data: number[][]; readonly options: Omit<uPlot.Options, 'width' | 'height'> },
): () => void {
  const colors = readColors(host);
  host.role = 'img';
  host.ariaLabel = title;
  const drawMark = (chart: uPlot) => {
    if (!mark) return;
    const { ctx: context, bbox } = chart;
    const at = Math.min(Math.max(chart.valToPos(mark.at, 'x', true), bbox.left), bbox.left + bbox.width);
    context.save();
    context.strokeStyle = context.fillStyle = colors.danger;
    context.lineWidth = 2 * devicePixelRatio;
    context.beginPath();
    context.moveTo(at, bbox.top);
    context.lineTo(at, bbox.top + bbox.height);
    context.stroke();
    context.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
    const isRight = at > bbox.left + bbox.width / 2;
    context.textAlign = isRight ? 'right' : 'left';
    context.fillText(mark.label, at + (isRight ? -6 : 6) * devicePixelRatio, bbox.top + 14 * devicePixelRatio);
    context.restore();
  };
  const chart = new uPlot(
    {
      legend: { show: false },
      cursor: { show: false },
      ...options,
      width: host.clientWidth,
      height: HEIGHT_PX,
      hooks: { draw: [drawMark] },
    },
    data as uPlot.AlignedData,
    host,
  );
  const resized = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: HEIGHT_PX }));
  resized.observe(host);
  return () => {
    resized.disconnect();
    chart.destroy();
    host.removeAttribute('role');
    host.removeAttribute('aria-label');
  };
}
