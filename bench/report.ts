/** Turns samples into figures, ratios and a verdict on every target. */

export type Unit = 'ms' | 'MB' | 'frames' | '%';

/** The measurements of one subject in one case. */
export interface Samples {
  readonly case: string;
  readonly subject: string;
  readonly unit: Unit;
  /** Empty if the case could not be measured. */
  readonly values: readonly number[];
  /** Whether the noisy rounds are included because too few rounds were quiet. */
  readonly isNoisy: boolean;
}

export interface Figure {
  readonly case: string;
  readonly subject: string;
  readonly unit: Unit;
  /** In `unit`, by default milliseconds; `null` if not measured. */
  readonly medianMs: number | null;
  readonly p10Ms: number | null;
  readonly p90Ms: number | null;
  readonly maxMs: number | null;
  readonly n: number;
  readonly noisy: boolean;
}

export interface Ratio {
  readonly case: string;
  /** Our subject that the peer is compared with. */
  readonly subject: string;
  readonly peer: string;
  /** The peer's median divided by ours: 2 means that we are twice as fast. */
  readonly ratio: number;
}

export interface Verdict {
  readonly target: string;
  readonly wanted: string;
  /** `null` if not measured. */
  readonly reached: number | null;
  readonly verdict: 'met' | 'short' | 'not measured';
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly platform: string;
  readonly browser: string;
  readonly version: string;
  readonly date: string;
}

/** The rounds of one group of cases. */
export interface Rounds {
  readonly group: string;
  readonly quiet: number;
  readonly noisy: number;
}

/** The content of the `--json` file. */
export interface Report {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly rounds: readonly Rounds[];
  readonly cases: readonly Figure[];
  readonly ratios: readonly Ratio[];
  readonly targets: readonly Verdict[];
  readonly notes: readonly string[];
}

const isOurs = (subject: string): boolean => subject.startsWith('inface');

/**
 * A performance target of the project.
 * With `against`, the ratio of that peer (or the fastest peer) to the subject must be at least `least`; without it, the
 * subject's median, or its greatest value with `always`, must be at most `most`.
 */
type Target = { readonly case: string; readonly subject: string } & (
  { readonly against: string; readonly least: number } | { readonly most: number; readonly always?: true }
);
const FASTEST = 'the fastest peer';
const TARGETS: readonly Target[] = [
  { case: 'photo-720-embedding', subject: 'inface-1', against: FASTEST, least: 2.5 },
  { case: 'photo-720-embedding', subject: 'inface-2', against: FASTEST, least: 3 },
  { case: 'photo-720-detect', subject: 'inface-1', against: FASTEST, least: 2.5 },
  { case: 'video-frame', subject: 'inface-1', against: FASTEST, least: 7 },
  { case: 'video-longest-task', subject: 'inface-1', most: 16, always: true },
  { case: 'search-100k', subject: 'inface', most: 5 },
  { case: 'search-1m', subject: 'inface', most: 30 },
  { case: 'search-100k', subject: 'inface', against: 'human', least: 20 },
  { case: 'search-100k', subject: 'inface', against: 'face-api', least: 150 },
  { case: 'search-1m', subject: 'inface', against: 'human', least: 20 },
  { case: 'search-1m', subject: 'inface', against: 'face-api', least: 150 },
  { case: 'cold-start', subject: 'inface-1', against: FASTEST, least: 1 },
  { case: 'cold-start-20-mbit', subject: 'inface-1', against: FASTEST, least: 1.3 },
  { case: 'warm-start', subject: 'inface-1', against: FASTEST, least: 2 },
  { case: 'cold-bytes', subject: 'inface-1', most: 4 },
  { case: 'train-1000', subject: 'inface', most: 1000 },
  { case: 'train-1000-add-one', subject: 'inface', most: 100 },
  { case: 'memory-growth', subject: 'inface-1', most: 3 },
  { case: 'scale-20k-list-page', subject: 'inface', most: 50 },
  { case: 'scale-20k-list-page-training', subject: 'inface', most: 50 },
  { case: 'scale-20k-identify-first', subject: 'inface', most: 1500 },
  { case: 'scale-20k-identify-added', subject: 'inface', most: 100 },
  { case: 'scale-20k-import', subject: 'inface', most: 25_000 },
  { case: 'scale-20k-erase-all', subject: 'inface', most: 2000 },
];

export function makeReport(
  samples: readonly Samples[],
  rest: Pick<Report, 'machine' | 'quick' | 'rounds' | 'notes'>,
): Report {
  const cases = samples.map(toFigure);
  const ratios = cases.flatMap((ours) =>
    isOurs(ours.subject) && ours.medianMs !== null
      ? cases.flatMap((peer): Ratio[] =>
          peer.case === ours.case && !isOurs(peer.subject) && peer.medianMs !== null && ours.medianMs
            ? [{ case: ours.case, subject: ours.subject, peer: peer.subject, ratio: peer.medianMs / ours.medianMs }]
            : [],
        )
      : [],
  );
  return { ...rest, cases, ratios, targets: TARGETS.map((target) => judge(target, cases, ratios)) };
}

function toFigure({ values, isNoisy, ...rest }: Samples): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  return { ...rest, medianMs: at(0.5), p10Ms: at(0.1), p90Ms: at(0.9), maxMs: at(1), n: sorted.length, noisy: isNoisy };
}

function judge(target: Target, cases: readonly Figure[], ratios: readonly Ratio[]): Verdict {
  const isMeant = (figure: { readonly case: string; readonly subject: string }) =>
    figure.case === target.case && figure.subject === target.subject;
  const name = `${target.case}, ${target.subject}`;
  if ('most' in target) {
    const figure = cases.find(isMeant);
    const reached = (target.always ? figure?.maxMs : figure?.medianMs) ?? null;
    const wanted = `<= ${target.most} ${figure?.unit ?? ''}`.trim() + (target.always ? ' in every round' : '');
    return { target: name, wanted, reached, verdict: verdictOf(reached, (value) => value <= target.most) };
  }
  const { against, least } = target;
  const compared = ratios.filter((ratio) => isMeant(ratio) && (against === FASTEST || ratio.peer === against));
  const reached = compared.length === 0 ? null : Math.min(...compared.map(({ ratio }) => ratio));
  const wanted = `>= ${least} x ${against}`;
  return { target: name, wanted, reached, verdict: verdictOf(reached, (value) => value >= least) };
}

function verdictOf(reached: number | null, isMet: (value: number) => boolean): Verdict['verdict'] {
  if (reached === null) return 'not measured';
  return isMet(reached) ? 'met' : 'short';
}

/** Formats the report as Markdown: the machine, a row per case and subject, a row per target. */
export function toMarkdown(report: Report): string {
  const { machine, rounds, cases, ratios, targets, notes } = report;
  const lines = [
    `inface ${machine.version}, ${machine.browser}, ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ` +
      `${machine.platform}, ${machine.date}${report.quick ? ', quick' : ''}.`,
    '',
    `Rounds that were quiet, and noisy ones that were left out: ${rounds
      .map(({ group, quiet, noisy }) => `${group} ${quiet} and ${noisy}`)
      .join(', ')}.`,
    '',
    ...table(
      ['case', 'subject', 'unit', 'median', 'p10', 'p90', 'max', 'n', 'by inface-1', 'note'],
      cases.map((figure) => [
        figure.case,
        figure.subject,
        figure.unit,
        shown(figure.medianMs),
        shown(figure.p10Ms),
        shown(figure.p90Ms),
        shown(figure.maxMs),
        String(figure.n),
        shown(
          ratios.find(
            ({ case: name, subject, peer }) =>
              name === figure.case && peer === figure.subject && ['inface', 'inface-1'].includes(subject),
          )?.ratio ?? null,
        ),
        figure.noisy ? 'noisy' : '',
      ]),
    ),
    '',
    ...table(
      ['target', 'wanted', 'reached', 'verdict'],
      targets.map(({ target, wanted, reached, verdict }) => [target, wanted, shown(reached), verdict]),
    ),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `- ${note}`)] : []),
  ];
  return lines.join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

/** Formats a value with three digits and without an exponent. */
function shown(value: number | null): string {
  if (value === null) return '-';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(1e-3, Math.abs(value)))));
  return value.toFixed(Math.min(3, digits));
}
