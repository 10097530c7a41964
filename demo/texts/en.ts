/** Every text of the page in English. A translation is another file of this shape. */
import type { CameraHint, CameraProblem } from '../../src/client/camera-element.js';
import type { ErrorCode, QualityIssue, RejectionReason } from '../../src/index.js';

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

const errorCodes: Partial<Record<ErrorCode, string>> = {
  INVALID_INPUT: 'This cannot be read as a picture, or a value is not allowed. Choose another one.',
  LIMIT_EXCEEDED: 'That is more than is allowed at once.',
  MODEL_LOAD_FAILED: 'The models could not be loaded. Check the connection and try again.',
  MODEL_INTEGRITY_FAILED: 'A model file arrived damaged or is of another version, so it is not used.',
  INFERENCE_FAILED: 'The models were loaded but do not run in this browser.',
  BACKEND_UNAVAILABLE: 'This browser cannot run the models. A current Chrome, Edge, Firefox or Safari can.',
  DEVICE_LOST: 'The graphics card was lost. Try again.',
  WORKER_CRASHED: 'The models stopped. The device may be short of memory: close other tabs and try again.',
  EMBEDDING_SPACE_MISMATCH: 'These faces were enrolled with another model and cannot be compared with this one.',
  SPOOF_MODEL_UNAVAILABLE: 'The anti-spoof model could not be loaded. Check the connection and try again.',
  PROFILE_NOT_FOUND: 'This person is not here any more.',
  PROFILE_GONE: 'This person was deleted.',
  COLLECTION_NOT_FOUND: 'This collection is not here any more.',
  COLLECTION_GONE: 'This collection was deleted.',
  IDENTIFICATION_NOT_FOUND: 'That was too long ago: look at the face again first.',
  COLLECTION_EMPTY: 'Nobody is in this collection yet. Enrol somebody first.',
  TRAINING_ABORTED: 'The training was stopped.',
  STORAGE_QUOTA_EXCEEDED: 'This browser has no room left. Nothing was stored; delete something and try again.',
  STORAGE_UNAVAILABLE: 'This browser does not let the page store anything. Private windows often do not.',
  STORAGE_BLOCKED: 'Another tab has an older version of this page open. Close it and try again.',
  VAULT_LOCKED: 'The templates are locked. Unlock them under Data first.',
  WRONG_PASSPHRASE: 'That is not the passphrase.',
  TEMPLATES_UNREADABLE:
    'The key of these templates is gone, so they cannot be read any more. Delete them and enrol anew.',
  BACKUP_INVALID: 'This file is no backup, or it was cut off or altered. Nothing was restored.',
  CLOSED: 'The models were unloaded. Reload the page.',
};

const refusals: Record<RejectionReason, string> = {
  'no-face': 'no face was found',
  'many-faces': 'it shows several faces',
  'no-face-at-point': 'the chosen face was not found again',
  'too-small': 'the face is too small',
  'too-dark': 'it is too dark',
  'too-bright': 'it is too bright',
  blurred: 'it is blurred',
  'extreme-pose': 'the head is turned too far',
  'not-the-same-person': 'it seems to show somebody else',
  'duplicate-of': 'it looks like somebody who is enrolled already',
  attack: 'it seems to be a photo or a screen',
  'spoof-not-judged': 'the face cannot be seen well enough to tell whether it is really there',
};

const qualityIssues: Record<QualityIssue, string> = {
  'too-small': 'small',
  'too-dark': 'dark',
  'too-bright': 'too bright',
  blurred: 'blurred',
  'extreme-pose': 'turned away',
};

const cameraProblems: Record<CameraProblem, string> = {
  denied: 'The camera is not allowed for this page. Allow it beside the address of the page, then start it again.',
  'no-camera': 'No camera was found. Connect one, then start it again.',
  'in-use': 'The camera gives no picture. Another program may be using it: close that one, then start it again.',
  insecure: 'The camera works on https pages and on localhost only.',
  unsupported: 'This browser gives pages no camera. Open the page in Safari, Chrome, Edge or Firefox itself.',
  disconnected: 'The camera was disconnected. Connect it, then start it again.',
  kit: 'The faces cannot be looked at. Start the camera again.',
};

const cameraHints: Record<CameraHint, string> = {
  'come-closer': 'Come closer.',
  'move-back': 'Move back a little.',
  'turn-to-the-camera': 'Look into the camera.',
  'more-light': 'More light on the face, please.',
  'less-light': 'Less light on the face, please.',
  'hold-still': 'Hold still.',
  'one-at-a-time': 'One person at a time, please.',
};

export const english = {
  shell: {
    title: 'inface',
    tagline: 'Faces found, enrolled and identified in this page. Nothing is sent anywhere.',
    skip: 'Skip to the content',
    views: 'Views',
    language: 'Language',
    names: {
      try: 'Try',
      enrol: 'Enrol',
      collections: 'Collections',
      identify: 'Identify',
      liveness: 'Liveness',
      data: 'Data',
      'self-test': 'Self-test',
    },
    documentTitle: (view: string) => `${view} – inface demo`,
    loadingView: 'Loading…',
    viewFailed: 'This part of the page could not be loaded. Check the connection and reload.',
    starting: 'Starting the models…',
    loading: (loaded: string, total: string, fromCache: boolean) =>
      `Loading models: ${loaded} of ${total} MB${fromCache ? ' from cache' : ''}`,
    startFailed: 'The models are not ready.',
    retry: 'Try again',
    engine: (backend: string, threads: number, megabytes: string, version: string) =>
      `${backend === 'webgpu' ? 'WebGPU' : `WebAssembly, ${count(threads, 'thread')}`} · ${megabytes} MB of models · version ${version}`,
    waiting: 'The models are still being loaded; this goes on by itself.',
    offline: {
      saving: (percent: number) => `Being saved for use without a network: ${percent} %`,
      saved: 'Works without a network from now on.',
      failed: 'Could not be saved for use without a network. The page works while there is one.',
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
      'A name with a high score is a strong hint and no proof of who somebody is.',
      'The anti-spoof check is advisory: it was trained on simulated prints and screens, and its rate against real ones is not known. Without it, a printed photo or a screen held to the camera counts as a face.',
      'Enrol only people who agreed. Templates, never photos, are kept in this browser until they are deleted.',
    ],
    noScript: 'This page needs JavaScript.',
  },
  errors: {
    cancelled: 'Cancelled.',
    unexpected: 'Something went wrong that this page did not expect. Reload it and try again.',
    codes: errorCodes,
  },
  common: {
    faces: (n: number) => count(n, 'face'),
    photos: (n: number) => count(n, 'photo'),
    people: (n: number) => count(n, 'person', 'people'),
    templates: (n: number) => count(n, 'template'),
    collection: 'Collection',
    name: 'Name',
    noName: 'no name',
    unknown: 'unknown',
    remove: (what: string) => `Remove ${what}`,
    save: 'Save',
    delete: 'Delete',
    refused: (reasons: readonly RejectionReason[]) =>
      `Not used: ${reasons.map((reason) => refusals[reason]).join(', ')}.`,
    refusals,
    qualityIssues,
  },
  camera: {
    start: 'Start camera',
    stop: 'Stop camera',
    camera: 'Camera',
    cameraNumber: (number: number) => `Camera ${number}`,
    video: 'Picture of the camera',
    asking: 'Asking for the camera…',
    paused: 'Paused while the page is hidden.',
    unknown: 'unknown',
    problems: cameraProblems,
    hints: cameraHints,
  },
  try: {
    title: 'Try it on photos or your camera',
    choose: 'Choose photos',
    orDrop: 'or drop or paste them here',
    photos: 'Photos',
    pasted: 'Pasted photo',
    looking: 'Looking for faces…',
    lookingIn: (n: number) => `Looking for faces in ${count(n, 'photo')}…`,
    sum: (faces: number, photos: number) => `${count(faces, 'face')} in ${count(photos, 'photo')}.`,
    noFace: 'No face found.',
    facesIn: (title: string) => `Faces in ${title}`,
    face: (n: number) => `Face ${n}`,
    box: (width: number, height: number) => `${width} × ${height} px`,
    confidence: (percent: number) => `detected with ${percent} %`,
    quality: (percent: number, poor: readonly QualityIssue[]) =>
      `Quality ${percent} %${poor.length > 0 ? `: ${poor.map((issue) => qualityIssues[issue]).join(', ')}` : ''}`,
    spoof: 'Really there?',
    bonaFide: (score: string) => `seems so (${score})`,
    attack: (score: string) => `seems to be a photo or a screen (${score})`,
    notJudged: (reasons: readonly RejectionReason[]) =>
      `cannot tell: ${reasons.map((reason) => refusals[reason]).join(', ')}`,
    notChecked: 'not checked',
    stages: 'Time per stage',
    stage: {
      pixelsMs: 'pixels',
      detectMs: 'detection',
      landmarksMs: 'landmarks',
      spoofMs: 'anti-spoof',
      embedMs: 'embedding',
    },
    milliseconds: (ms: string) => `${ms} ms`,
    size: (width: number, height: number) => `${width} × ${height} pixels`,
    select: 'Compare',
    compareTitle: 'Compare two faces (1:1)',
    compareHint: 'Press “Compare” on two faces above.',
    first: 'First face',
    second: 'Second face',
    empty: 'none yet',
    comparing: 'Comparing…',
    same: 'The same person, by these models.',
    different: 'Not the same person, by these models.',
    score: (score: string, threshold: string) => `Similarity ${score}; from ${threshold} on it counts as a match.`,
    curve: (rate: string) => `Of pairs of different people, ${rate} score as high or higher on LFW.`,
    curveTitle: 'Share of pairs of different people that score as high (false match rate)',
    curveAxis: 'similarity',
    curveHere: 'this pair',
    cameraTitle: 'Camera',
    perFrame: (ms: number) => `${ms} ms per frame`,
    cameraSpoof: 'Check that the face is really there (advisory)',
    inView: (n: number) => `${count(n, 'face')} in view.`,
    noneInView: 'No face in view.',
  },
  // ------------------------------------------------------------------------------------------------------ enrol
  enrol: {
    title: 'Enrol a person',
  },
  // ------------------------------------------------------------------------------------------------ collections
  collections: {
    title: 'Collections',
  },
  // --------------------------------------------------------------------------------------------------- identify
  identify: {
    title: 'Identify',
  },
  // --------------------------------------------------------------------------------------------------- liveness
  liveness: {
    title: 'Liveness',
  },
  // ------------------------------------------------------------------------------------------------------- data
  data: {
    title: 'Data',
  },
  // -------------------------------------------------------------------------------------------------- self-test
  selfTest: {
    title: 'Self-test',
  },
  // ------------------------------------------------------------------------------------------------------ kiosk
  kiosk: {
    title: 'Kiosk',
  },
};
