/**
 * The playground: an editor, and a frame in which its code runs.
 *
 * The code runs as a module from a `blob:` URL in a page with its own policy, see `playground/frame.html`: so the pages of
 * the site allow neither `blob:` nor `eval`, and every run starts with a new document that the next one replaces.
 */
import { withBase } from 'vitepress';
import { defineComponent, h, ref } from 'vue';
import { EXAMPLES, type Example } from './examples.js';

export const Playground = defineComponent({
  name: 'Playground',
  setup() {
    const example = ref<Example>(EXAMPLES[0]!);
    const code = ref(example.value.code);
    const picture = ref<Blob | null>(null);
    const frame = ref<HTMLIFrameElement | null>(null);
    /** Number of runs; each has its frame. */
    const runs = ref(0);

    const choose = (name: string) => {
      example.value = EXAMPLES.find((candidate) => candidate.name === name) ?? EXAMPLES[0]!;
      code.value = example.value.code;
      runs.value = 0;
    };
    const send = () => {
      const photo = picture.value ?? new URL(withBase(`/photos/${example.value.photo}`), location.href).href;
      frame.value?.contentWindow?.postMessage({ code: code.value, photo }, location.origin);
    };

    return () =>
      h('div', { class: 'playground' }, [
        h('div', { class: 'playground-bar' }, [
          h('label', [
            'Example ',
            h(
              'select',
              { onChange: (event: Event) => choose((event.target as HTMLSelectElement).value) },
              EXAMPLES.map(({ name }) => h('option', { value: name, selected: name === example.value.name }, name)),
            ),
          ]),
          h('label', [
            'Your photo ',
            h('input', {
              type: 'file',
              accept: 'image/*',
              onChange: (event: Event) => (picture.value = (event.target as HTMLInputElement).files?.[0] ?? null),
            }),
          ]),
        ]),
        h('textarea', {
          'aria-label': 'Code',
          spellcheck: false,
          rows: code.value.split('\n').length + 1,
          value: code.value,
          onInput: (event: Event) => (code.value = (event.target as HTMLTextAreaElement).value),
        }),
        h('button', { type: 'button', class: 'playground-run', onClick: () => runs.value++ }, 'Run'),
        runs.value > 0
          ? h('iframe', {
              key: runs.value,
              ref: frame,
              title: 'Result',
              src: withBase('/playground/frame.html'),
              allow: 'camera',
              onLoad: send,
            })
          : null,
      ]);
  },
});
