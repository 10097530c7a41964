/** The texts of the frame and of the first view in English: what is loaded before anything else. */
import { CAMERA_TEXTS } from '../../src/client/camera/camera-element.js';
import type { ErrorCode } from '../../src/index.js';

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

const errorCodes: Partial<Record<ErrorCode, string>> = {
  ENVIRONMENT_UNSUPPORTED: 'This page is not served in a way that browsers allow for it. It needs https.',
  WORKER_LOAD_FAILED: 'A part of this page could not be loaded. Check the connection and reload the page.',
  MODEL_LOAD_FAILED: 'The models could not be loaded. Check the connection and try again.',
  MODEL_INTEGRITY_FAILED: 'A model file arrived damaged or is of another version.',
  INFERENCE_FAILED: 'The models were loaded but do not run in this browser.',
  BACKEND_UNAVAILABLE: 'This browser cannot run the models. A current Chrome, Edge, Firefox or Safari can.',
  DEVICE_LOST: 'The graphics card was lost. Try again.',
  WORKER_CRASHED: 'The models stopped. The device may be short of memory: close other tabs and try again.',
  STORAGE_UNAVAILABLE: 'This browser does not let the page store anything. Private windows often do not.',
  STORAGE_DENIED:
    'This browser does not let the page store anything: people are forgotten when the page is closed. Allow cookies for this site, or open it in its own tab.',
  STORAGE_LOST:
    'The stored people are gone: the browser or another page of this site deleted the database. Restore a backup or start over under Data.',
  STORAGE_BLOCKED: 'Another tab has an older version of this page open. Close it and try again.',
  CLOSED: 'The models were unloaded. Reload the page.',
};

export const englishFirst = {
  shell: {
    title: 'inface',
    skip: 'Skip to the content',
    views: 'Views',
    language: 'Language',
    names: {
      start: 'Start',
      compare: 'Compare',
      enroll: 'Enroll',
      collections: 'Collections',
      identify: 'Identify',
      liveness: 'Liveness',
      data: 'Data',
      'self-test': 'Self-test',
    },
    documentTitle: (view: string) => `${view} – inface demo`,
    viewFailed: 'This part of the page could not be loaded. Check the connection.',
    starting: 'Starting the models…',
    loading: (loaded: string, total: string, fromCache: boolean, seconds: number | null = null) =>
      `Loading models: ${loaded} of ${total} MB${fromCache ? ' from cache' : ', only once'}${seconds === null ? '' : `, about ${seconds} s left`}`,
    /** After the reason of a failed load. */
    retried: 'Trying again automatically.',
    retry: 'Try again',
    engine: (backend: string, threads: number, megabytes: string, version: string) =>
      `${backend === 'webgpu' ? 'WebGPU' : `WebAssembly, ${count(threads, 'thread')}`} · ${megabytes} MB of models · version ${version}`,
    waiting: 'Still loading. This continues automatically.',
    offline: {
      saving: (percent: number) => `Saving for offline use: ${percent} %`,
      saved: 'Ready to use offline.',
      failed: 'Could not be saved for offline use. The page works while you are online.',
      update: 'A new version is ready.',
      updateNow: 'Use it now',
      otherTabs: 'Close the other tabs of this page first.',
    },
    cancel: 'Cancel',
    undo: 'Undo',
    dismiss: 'Dismiss',
    typeToConfirm: (word: string) => `Type “${word}” to go on`,
    notesTitle: 'Please note',
    notes: [
      'A high score is strong evidence, not proof, of identity.',
      'The check for photos and screens is experimental: it was trained on simulated ones, and how often it misses real ones is unknown. Without it, a printed photo or a screen counts as a face.',
      'Enroll only people who agreed. Face data, never photos, is kept in this browser until you delete it.',
    ],
  },
  errors: {
    canceled: 'Canceled.',
    unexpected: 'Something unexpected went wrong. Reload the page and try again.',
    codes: errorCodes,
  },
  camera: CAMERA_TEXTS,
  start: {
    title: 'Face recognition that runs entirely in your browser: nothing leaves your device.',
    code: 'Code',
    documentation: 'Documentation',
    answer: 'How it works',
    steps: [
      'Start the camera: a box appears around your face.',
      'Type your name.',
      'Your name appears on the picture, and again on every later visit.',
    ],
    download: (megabytes: string) => `${megabytes} MB once, then offline.`,
    sample: 'Try a sample photo',
  },
};
