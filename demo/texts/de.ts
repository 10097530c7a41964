/** Jeder Text der Seite auf Deutsch. */
import type { CameraHint, CameraProblem } from '../../src/client/camera-element.js';
import type { ErrorCode, QualityIssue, RejectionReason } from '../../src/index.js';
import type { Texts } from './texts.js';

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

const faces = (n: number) => count(n, 'Gesicht', 'Gesichter');
const photos = (n: number) => count(n, 'Foto', 'Fotos');
const inPhotos = (n: number) => (n === 1 ? '1 Foto' : `${n} Fotos`);

const errorCodes: Partial<Record<ErrorCode, string>> = {
  INVALID_INPUT: 'Das lässt sich nicht als Bild lesen, oder ein Wert ist nicht erlaubt. Bitte etwas anderes wählen.',
  LIMIT_EXCEEDED: 'Das ist mehr, als auf einmal erlaubt ist.',
  MODEL_LOAD_FAILED:
    'Die Modelle konnten nicht geladen werden. Bitte die Verbindung prüfen und es noch einmal versuchen.',
  MODEL_INTEGRITY_FAILED:
    'Eine Modelldatei kam beschädigt an oder gehört zu einer anderen Version; sie wird nicht benutzt.',
  INFERENCE_FAILED: 'Die Modelle wurden geladen, laufen aber nicht in diesem Browser.',
  BACKEND_UNAVAILABLE:
    'Dieser Browser kann die Modelle nicht ausführen. Ein aktueller Chrome, Edge, Firefox oder Safari kann es.',
  DEVICE_LOST: 'Die Grafikkarte ist ausgefallen. Bitte noch einmal versuchen.',
  WORKER_CRASHED: 'Die Modelle sind stehen geblieben. Vielleicht fehlt Arbeitsspeicher: bitte andere Tabs schließen.',
  EMBEDDING_SPACE_MISMATCH:
    'Diese Gesichter wurden mit einem anderen Modell erfasst und lassen sich nicht mit diesem vergleichen.',
  SPOOF_MODEL_UNAVAILABLE:
    'Das Modell für die Echtheitsprüfung konnte nicht geladen werden. Bitte die Verbindung prüfen.',
  PROFILE_NOT_FOUND: 'Diese Person ist nicht mehr da.',
  PROFILE_GONE: 'Diese Person wurde gelöscht.',
  COLLECTION_NOT_FOUND: 'Diese Sammlung ist nicht mehr da.',
  COLLECTION_GONE: 'Diese Sammlung wurde gelöscht.',
  IDENTIFICATION_NOT_FOUND: 'Das ist zu lange her: bitte das Gesicht erst noch einmal zeigen.',
  COLLECTION_EMPTY: 'In dieser Sammlung ist noch niemand. Bitte erst jemanden erfassen.',
  TRAINING_ABORTED: 'Das Training wurde abgebrochen.',
  STORAGE_QUOTA_EXCEEDED:
    'Dieser Browser hat keinen Platz mehr. Es wurde nichts gespeichert; bitte etwas löschen und es noch einmal versuchen.',
  STORAGE_UNAVAILABLE: 'Dieser Browser lässt die Seite nichts speichern. Private Fenster tun das oft nicht.',
  STORAGE_BLOCKED: 'In einem anderen Tab ist eine ältere Version dieser Seite offen. Bitte dort schließen.',
  VAULT_LOCKED: 'Die Vorlagen sind gesperrt. Bitte zuerst unter „Daten“ entsperren.',
  WRONG_PASSPHRASE: 'Das ist nicht die Passphrase.',
  TEMPLATES_UNREADABLE:
    'Der Schlüssel dieser Vorlagen ist weg, sie lassen sich nicht mehr lesen. Bitte löschen und neu erfassen.',
  BACKUP_INVALID:
    'Diese Datei ist keine Sicherung, oder sie wurde abgeschnitten oder verändert. Es wurde nichts wiederhergestellt.',
  CLOSED: 'Die Modelle wurden entladen. Bitte die Seite neu laden.',
};

const refusals: Record<RejectionReason, string> = {
  'no-face': 'es wurde kein Gesicht gefunden',
  'many-faces': 'es zeigt mehrere Gesichter',
  'no-face-at-point': 'das gewählte Gesicht wurde nicht wiedergefunden',
  'too-small': 'das Gesicht ist zu klein',
  'too-dark': 'es ist zu dunkel',
  'too-bright': 'es ist zu hell',
  blurred: 'es ist unscharf',
  'extreme-pose': 'der Kopf ist zu weit gedreht',
  'not-the-same-person': 'es scheint jemand anderen zu zeigen',
  'duplicate-of': 'es sieht aus wie jemand, der schon erfasst ist',
  attack: 'es scheint ein Foto oder ein Bildschirm zu sein',
  'spoof-not-judged': 'das Gesicht ist nicht gut genug zu sehen, um zu sagen, ob es wirklich da ist',
};

const qualityIssues: Record<QualityIssue, string> = {
  'too-small': 'klein',
  'too-dark': 'dunkel',
  'too-bright': 'zu hell',
  blurred: 'unscharf',
  'extreme-pose': 'abgewandt',
};

const cameraProblems: Record<CameraProblem, string> = {
  denied: 'Die Kamera ist für diese Seite nicht erlaubt. Bitte neben der Adresse erlauben und noch einmal starten.',
  'no-camera': 'Keine Kamera gefunden. Bitte eine anschließen und noch einmal starten.',
  'in-use': 'Die Kamera gibt kein Bild. Vielleicht benutzt sie ein anderes Programm: bitte dort schließen.',
  insecure: 'Die Kamera geht nur auf https-Seiten und auf localhost.',
  unsupported: 'Dieser Browser gibt Seiten keine Kamera. Bitte in Safari, Chrome, Edge oder Firefox selbst öffnen.',
  disconnected: 'Die Kamera wurde getrennt. Bitte anschließen und noch einmal starten.',
  kit: 'Die Gesichter lassen sich nicht ansehen. Bitte die Kamera noch einmal starten.',
};

const cameraHints: Record<CameraHint, string> = {
  'come-closer': 'Bitte näher kommen.',
  'move-back': 'Bitte etwas zurück.',
  'turn-to-the-camera': 'Bitte in die Kamera sehen.',
  'more-light': 'Bitte mehr Licht auf das Gesicht.',
  'less-light': 'Bitte weniger Licht auf das Gesicht.',
  'hold-still': 'Bitte stillhalten.',
  'one-at-a-time': 'Bitte nur eine Person.',
};

export const german: Texts = {
  shell: {
    title: 'inface',
    tagline: 'Gesichter finden, erfassen und erkennen, ganz in dieser Seite. Nichts wird irgendwohin gesendet.',
    skip: 'Zum Inhalt',
    views: 'Ansichten',
    language: 'Sprache',
    names: {
      try: 'Ausprobieren',
      enrol: 'Erfassen',
      collections: 'Sammlungen',
      identify: 'Erkennen',
      liveness: 'Lebendigkeit',
      data: 'Daten',
      'self-test': 'Selbsttest',
    },
    documentTitle: (view) => `${view} – inface-Demo`,
    loadingView: 'Lädt…',
    viewFailed: 'Dieser Teil der Seite konnte nicht geladen werden. Bitte die Verbindung prüfen und neu laden.',
    starting: 'Die Modelle starten…',
    loading: (loaded, total, fromCache) =>
      `Modelle laden: ${loaded} von ${total} MB${fromCache ? ' aus dem Speicher' : ''}`,
    startFailed: 'Die Modelle sind nicht bereit.',
    retry: 'Noch einmal versuchen',
    engine: (backend, threads, megabytes, version) =>
      `${backend === 'webgpu' ? 'WebGPU' : `WebAssembly, ${count(threads, 'Thread', 'Threads')}`} · ${megabytes} MB Modelle · Version ${version}`,
    waiting: 'Die Modelle werden noch geladen; es geht von selbst weiter.',
    offline: {
      saving: (percent) => `Wird für den Betrieb ohne Netz gespeichert: ${percent} %`,
      saved: 'Geht von jetzt an auch ohne Netz.',
      failed: 'Konnte nicht für den Betrieb ohne Netz gespeichert werden. Mit Netz geht die Seite.',
      update: 'Eine neue Version ist bereit.',
      updateNow: 'Jetzt benutzen',
      otherTabs: 'Bitte zuerst die anderen Tabs dieser Seite schließen.',
    },
    cancel: 'Abbrechen',
    undo: 'Rückgängig',
    dismiss: 'Schließen',
    typeToConfirm: (word) => `Zum Fortfahren „${word}“ eingeben`,
    notesTitle: 'Bitte beachten',
    notes: [
      'Ein Name mit hoher Ähnlichkeit ist ein starker Hinweis und kein Beweis, wer jemand ist.',
      'Die Echtheitsprüfung ist nur ein Hinweis: sie wurde an simulierten Ausdrucken und Bildschirmen gelernt, und wie oft sie bei echten irrt, ist nicht bekannt. Ohne sie zählt ein gedrucktes Foto oder ein Bildschirm vor der Kamera als Gesicht.',
      'Bitte nur Menschen erfassen, die zugestimmt haben. Vorlagen, nie Fotos, bleiben in diesem Browser, bis sie gelöscht werden.',
    ],
    noScript: 'Diese Seite braucht JavaScript.',
  },
  errors: {
    cancelled: 'Abgebrochen.',
    unexpected: 'Etwas ging schief, womit diese Seite nicht gerechnet hat. Bitte neu laden und noch einmal versuchen.',
    codes: errorCodes,
  },
  common: {
    faces,
    photos,
    people: (n) => count(n, 'Person', 'Personen'),
    templates: (n) => count(n, 'Vorlage', 'Vorlagen'),
    collection: 'Sammlung',
    name: 'Name',
    noName: 'ohne Namen',
    unknown: 'unbekannt',
    remove: (what) => `${what} entfernen`,
    save: 'Speichern',
    delete: 'Löschen',
    refused: (reasons) => `Nicht benutzt: ${reasons.map((reason) => refusals[reason]).join(', ')}.`,
    refusals,
    qualityIssues,
  },
  camera: {
    start: 'Kamera starten',
    stop: 'Kamera stoppen',
    torch: 'Licht',
    camera: 'Kamera',
    cameraNumber: (number) => `Kamera ${number}`,
    video: 'Bild der Kamera',
    asking: 'Nach der Kamera wird gefragt…',
    paused: 'Pausiert, solange die Seite nicht zu sehen ist.',
    unknown: 'unbekannt',
    problems: cameraProblems,
    hints: cameraHints,
  },
  try: {
    title: 'Mit Fotos oder der Kamera ausprobieren',
    choose: 'Fotos wählen',
    orDrop: 'oder hier ablegen oder einfügen',
    photos: 'Fotos',
    pasted: 'Eingefügtes Foto',
    looking: 'Gesichter werden gesucht…',
    lookingIn: (n) => `Gesichter werden in ${inPhotos(n)} gesucht…`,
    sum: (n, m) => `${faces(n)} in ${inPhotos(m)}.`,
    noFace: 'Kein Gesicht gefunden.',
    facesIn: (title) => `Gesichter in ${title}`,
    face: (n) => `Gesicht ${n}`,
    box: (width, height) => `${width} × ${height} px`,
    confidence: (percent) => `mit ${percent} % gefunden`,
    quality: (percent, poor) =>
      `Qualität ${percent} %${poor.length > 0 ? `: ${poor.map((issue) => qualityIssues[issue]).join(', ')}` : ''}`,
    spoof: 'Wirklich da?',
    bonaFide: (score) => `scheint so (${score})`,
    attack: (score) => `scheint ein Foto oder ein Bildschirm zu sein (${score})`,
    notJudged: (reasons) => `nicht zu sagen: ${reasons.map((reason) => refusals[reason]).join(', ')}`,
    notChecked: 'nicht geprüft',
    stages: 'Zeit je Schritt',
    stage: {
      pixelsMs: 'Pixel',
      detectMs: 'Finden',
      landmarksMs: 'Punkte',
      spoofMs: 'Echtheit',
      embedMs: 'Merkmale',
    },
    milliseconds: (ms) => `${ms} ms`,
    size: (width, height) => `${width} × ${height} Pixel`,
    select: 'Vergleichen',
    compareTitle: 'Zwei Gesichter vergleichen (1:1)',
    compareHint: 'Bei zwei Gesichtern „Vergleichen“ drücken.',
    first: 'Erstes Gesicht',
    second: 'Zweites Gesicht',
    empty: 'noch keines',
    comparing: 'Wird verglichen…',
    same: 'Dieselbe Person, nach diesen Modellen.',
    different: 'Nicht dieselbe Person, nach diesen Modellen.',
    score: (score, threshold) => `Ähnlichkeit ${score}; ab ${threshold} gilt sie als Treffer.`,
    curve: (rate) => `Von Paaren verschiedener Menschen sind sich auf LFW ${rate} so ähnlich oder ähnlicher.`,
    curveTitle: 'Anteil der Paare verschiedener Menschen, die sich so ähnlich sind (False Match Rate)',
    curveAxis: 'Ähnlichkeit',
    curveHere: 'dieses Paar',
    cameraTitle: 'Kamera',
    perFrame: (ms) => `${ms} ms je Bild`,
    cameraSpoof: 'Prüfen, ob das Gesicht wirklich da ist (nur ein Hinweis)',
    inView: (n) => `${faces(n)} im Bild.`,
    noneInView: 'Kein Gesicht im Bild.',
  },
};
