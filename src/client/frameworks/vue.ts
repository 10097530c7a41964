/** Entry "./vue": `<FaceCamera>`, `useFaceKit` and `useTracker` for Vue 3. */
import {
  computed,
  defineComponent,
  h,
  onBeforeUnmount,
  onMounted,
  shallowRef,
  toValue,
  watchEffect,
  type ComputedRef,
  type DefineComponent,
  type MaybeRefOrGetter,
  type ShallowRef,
} from 'vue';
import type { FaceKit, TrackerOptions } from '../../index.js';
import {
  defineFaceCamera,
  type FaceCamera as FaceCameraElement,
  type FaceCameraEvents,
} from '../camera/camera-element.js';
import { bindCamera, HANDLERS, INPUTS, type CameraHandler, type CameraInputs } from './camera-binding.js';
import { shareKit, STARTING, type KitState, type SharedKitOptions } from './shared-kit.js';
import { NO_FRAME, trackVideo, type TrackerState } from './video-tracker.js';

export type { CameraHandler } from './camera-binding.js';
export type { KitState, SharedKitOptions } from './shared-kit.js';
export type { TrackerState } from './video-tracker.js';

/** Props of `<FaceCamera>`. Its events are those of the element, with the `CustomEvent` as argument. */
export type FaceCameraProps = Omit<CameraInputs, keyof typeof HANDLERS> & {
  readonly [K in keyof FaceCameraEvents as `on${Capitalize<K>}`]?: CameraHandler<K>;
};

/**
 * A `<face-camera>`, which is the `$el` of a ref to the component. On a server, it renders an empty `<face-camera>`.
 * @example `<FaceCamera :kit="kit" :collection="team" autostart @identified="greet($event.detail)" />`
 */
export const FaceCamera = defineComponent({
  name: 'FaceCamera',
  // Vue turns an attribute without a value into `true` only for booleans.
  props: { ...Object.fromEntries(INPUTS.map((name) => [name, null])), autostart: Boolean, sound: Boolean },
  emits: Object.values(HANDLERS),
  setup(props, { emit }) {
    const element = shallowRef<FaceCameraElement>();
    const handlers: CameraInputs = Object.fromEntries(
      Object.entries(HANDLERS).map(([handler, type]) => [handler, (event: CustomEvent) => emit(type, event)]),
    );
    // Before Vue creates the element.
    defineFaceCamera();
    onMounted(() => {
      const binding = bindCamera(element.value!);
      watchEffect(() => binding.update({ ...(props as CameraInputs), ...handlers }));
      onBeforeUnmount(binding.release);
    });
    return () => h('face-camera', { ref: element });
  },
}) as unknown as DefineComponent<FaceCameraProps>;

declare module 'vue' {
  interface GlobalComponents {
    FaceCamera: typeof FaceCamera;
  }
}

/** The fields of a state as refs. */
export type Refs<T> = { readonly [K in keyof T]: ComputedRef<T[K]> };

/**
 * Creates a kit and closes it after the component was unmounted. Components with equal options share one kit.
 * @param options as for `createFaceKit`; may be a ref or a getter
 */
export function useFaceKit(options: MaybeRefOrGetter<SharedKitOptions> = {}): Refs<KitState> {
  const state = shallowRef(STARTING);
  onMounted(() => {
    watchEffect((onCleanup) => onCleanup(shareKit(toValue(options), (next) => (state.value = next))));
  });
  return refsOf(state);
}

/**
 * Tracks the faces of a video.
 * @param video the element, for example a template ref
 * @param options as for `createTracker`; may be a ref or a getter
 */
export function useTracker(
  kit: MaybeRefOrGetter<FaceKit | null>,
  video: MaybeRefOrGetter<HTMLVideoElement | null | undefined>,
  options: MaybeRefOrGetter<TrackerOptions> = {},
): Refs<TrackerState> {
  const state = shallowRef(NO_FRAME);
  watchEffect((onCleanup) => {
    state.value = NO_FRAME;
    const [ready, element] = [toValue(kit), toValue(video)];
    if (ready && element) {
      onCleanup(trackVideo(ready, element, toValue(options), (next) => (state.value = next)));
    }
  });
  return refsOf(state);
}

function refsOf<T extends object>(state: ShallowRef<T>): Refs<T> {
  const fields = Object.keys(state.value) as (keyof T)[];
  return Object.fromEntries(fields.map((field) => [field, computed(() => state.value[field])])) as Refs<T>;
}
