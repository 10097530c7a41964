/** The rates of false matches against the score, for a collection of a chosen size. */
import { defineComponent, h, ref } from 'vue';
import { distanceAtFmr, distanceAtFpir, similarityAt, type Calibration } from '../../../src/recognition/decision.js';

/** Calibration of the default embedder, from the manifest of the models; config.ts fills it in. */
declare const __CALIBRATION__: Calibration;

const WIDTH = 560;
const HEIGHT = 260;
const MARGIN = 56;
/** Rates on the vertical axis, from often to seldom. */
const RATES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];

const scoreAtFmr = (fmr: number) => similarityAt(distanceAtFmr(fmr, __CALIBRATION__.fmr.fast), __CALIBRATION__);
const scoreAtFpir = (fpir: number, people: number) =>
  similarityAt(distanceAtFpir(fpir, people, __CALIBRATION__), __CALIBRATION__);

const xOf = (score: number) => MARGIN + ((score - 0.2) / 0.6) * (WIDTH - MARGIN - 8);
const yOf = (rate: number) => 8 + ((-1 - Math.log10(rate)) / 4) * (HEIGHT - MARGIN - 8);

/** The points of a curve, for rates of 10 % to 1 in 100,000. */
function lineOf(scoreAt: (rate: number) => number): string {
  return Array.from({ length: 41 }, (_, i) => 10 ** (-1 - i / 10))
    .map((rate) => `${xOf(scoreAt(rate)).toFixed(1)},${yOf(rate).toFixed(1)}`)
    .join(' ');
}

const percent = (rate: number) => `${Number((100 * rate).toPrecision(2))} %`;

export const RateCurve = defineComponent({
  name: 'RateCurve',
  setup() {
    /** Logarithms to the base 10. */
    const people = ref(2);
    const rate = ref(-2);
    const slider = (label: string, value: typeof people, min: number, max: number) =>
      h('label', [
        h('span', label),
        h('input', {
          type: 'range',
          min,
          max,
          step: 0.1,
          value: value.value,
          onInput: (event: Event) => (value.value = Number((event.target as HTMLInputElement).value)),
        }),
      ]);

    return () => {
      const count = Math.round(10 ** people.value);
      const fpir = 10 ** rate.value;
      const score = scoreAtFpir(fpir, count);
      return h('div', { class: 'rate-curve' }, [
        slider(`People in the collection: ${count.toLocaleString('en')}`, people, 0, 4),
        slider(`Strangers who may get a name (maxFpir): ${percent(fpir)}`, rate, -3, -1),
        h('p', { role: 'status' }, [
          `A face needs a score of `,
          h('strong', score.toFixed(2)),
          `. About one stranger in ${Math.round(1 / fpir).toLocaleString('en')} gets a name.`,
        ]),
        h(
          'svg',
          {
            viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
            role: 'img',
            'aria-label': `Error rates against the score, for one comparison and for ${count} people`,
          },
          [
            RATES.map((value) => [
              h('line', { class: 'grid', x1: MARGIN, x2: WIDTH - 8, y1: yOf(value), y2: yOf(value) }),
              h('text', { x: MARGIN - 6, y: yOf(value) + 4, 'text-anchor': 'end' }, percent(value)),
            ]),
            [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8].map((value) =>
              h('text', { x: xOf(value), y: HEIGHT - 22, 'text-anchor': 'middle' }, value.toFixed(1)),
            ),
            h('text', { x: xOf(0.5), y: HEIGHT - 4, 'text-anchor': 'middle' }, 'score'),
            h('polyline', { class: 'fmr', points: lineOf(scoreAtFmr) }),
            h('polyline', { class: 'fpir', points: lineOf((value) => scoreAtFpir(value, count)) }),
            h('circle', { class: 'point', cx: xOf(score), cy: yOf(fpir), r: 5 }),
          ],
        ),
        h('p', [
          h('span', { class: 'key fmr' }, 'FMR'),
          ', one comparison with somebody else; ',
          h('span', { class: 'key fpir' }, 'FPIR'),
          `, a stranger before ${count.toLocaleString('en')} people.`,
        ]),
      ]);
    };
  },
});
