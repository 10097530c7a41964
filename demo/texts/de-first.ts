/** Die Texte des Rahmens und der ersten Ansicht auf Deutsch. */
import type { CameraHint, CameraProblem } from '../../src/client/camera/camera-element.js';
import type { ErrorCode } from '../../src/index.js';
import type { englishFirst } from './en-first.js';

export function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

const errorCodes: Partial<Record<ErrorCode, string>> = {
  ENVIRONMENT_UNSUPPORTED: 'Diese Seite wird nicht so ausgeliefert, wie Browser es verlangen. Sie braucht https.',
  WORKER_LOAD_FAILED: 'Ein Teil dieser Seite konnte nicht geladen werden. Bitte Verbindung prüfen und neu laden.',
  MODEL_LOAD_FAILED:
    'Die Modelle konnten nicht geladen werden. Bitte die Verbindung prüfen und es noch einmal versuchen.',
  MODEL_INTEGRITY_FAILED: 'Eine Modelldatei kam beschädigt an oder gehört zu einer anderen Version.',
  INFERENCE_FAILED: 'Die Modelle wurden geladen, laufen aber nicht in diesem Browser.',
  BACKEND_UNAVAILABLE:
    'Dieser Browser kann die Modelle nicht ausführen. Ein aktueller Chrome, Edge, Firefox oder Safari kann es.',
  DEVICE_LOST: 'Die Grafikkarte ist ausgefallen. Bitte noch einmal versuchen.',
  WORKER_CRASHED: 'Die Modelle sind stehen geblieben. Vielleicht fehlt Arbeitsspeicher: bitte andere Tabs schließen.',
  STORAGE_UNAVAILABLE: 'Dieser Browser lässt die Seite nichts speichern. Private Fenster tun das oft nicht.',
  STORAGE_DENIED:
    'Dieser Browser lässt die Seite nichts speichern: erfasste Personen sind vergessen, wenn die Seite geschlossen wird. Bitte Cookies für diese Seite erlauben oder sie in einem eigenen Tab öffnen.',
  STORAGE_LOST:
    'Die gespeicherten Personen sind weg: der Browser oder eine andere Seite dieser Website hat die Datenbank gelöscht. Bitte unter „Daten“ eine Sicherung wiederherstellen oder neu anfangen.',
  STORAGE_BLOCKED: 'In einem anderen Tab ist eine ältere Version dieser Seite offen. Bitte dort schließen.',
  CLOSED: 'Die Modelle wurden entladen. Bitte die Seite neu laden.',
};

const cameraProblems: Record<CameraProblem, string> = {
  denied: 'Die Kamera ist für diese Seite nicht erlaubt. Bitte neben der Adresse erlauben und noch einmal starten.',
  'not-allowed-here': 'Diese Seite darf die Kamera hier nicht benutzen. Bitte in einem eigenen Tab öffnen.',
  'no-camera': 'Keine Kamera gefunden. Bitte eine anschließen und noch einmal starten.',
  'in-use': 'Die Kamera gibt kein Bild. Vielleicht benutzt sie ein anderes Programm: bitte dort schließen.',
  insecure: 'Die Kamera geht nur auf https-Seiten und auf localhost.',
  unsupported: 'Dieser Browser gibt Seiten keine Kamera. Bitte in Safari, Chrome, Edge oder Firefox selbst öffnen.',
  disconnected: 'Die Kamera wurde getrennt. Bitte anschließen und noch einmal starten.',
  'no-storage':
    'Dieser Browser lässt die Seite nichts speichern, darum kann niemand erkannt werden. Bitte Cookies für diese Seite erlauben oder sie in einem eigenen Tab öffnen.',
  kit: 'Die Gesichter lassen sich nicht ansehen. Bitte die Kamera noch einmal starten.',
};

const cameraHints: Record<CameraHint, string> = {
  'come-closer': 'Bitte näher kommen.',
  'move-back': 'Bitte etwas zurück.',
  'turn-to-the-camera': 'Bitte in die Kamera sehen.',
  'more-light': 'Bitte mehr Licht auf das Gesicht.',
  'less-light': 'Bitte weniger Licht auf das Gesicht.',
  'hold-still': 'Bitte stillhalten.',
  'uncover-the-face': 'Bitte das Gesicht nicht verdecken.',
  'one-at-a-time': 'Bitte nur eine Person.',
};

export const germanFirst: typeof englishFirst = {
  shell: {
    title: 'inface',
    skip: 'Zum Inhalt',
    views: 'Ansichten',
    language: 'Sprache',
    names: {
      start: 'Start',
      compare: 'Vergleichen',
      enroll: 'Erfassen',
      collections: 'Sammlungen',
      identify: 'Erkennen',
      liveness: 'Lebenderkennung',
      data: 'Daten',
      'self-test': 'Selbsttest',
    },
    documentTitle: (view) => `${view} – inface-Demo`,
    viewFailed: 'Dieser Teil der Seite konnte nicht geladen werden. Bitte die Verbindung prüfen.',
    starting: 'Die Modelle starten…',
    loading: (loaded, total, fromCache, left) =>
      `Modelle laden: ${loaded} von ${total} MB${fromCache ? ' aus dem Speicher' : ', nur einmal'}${(left ?? 0) > 0 ? `, noch etwa ${left} s` : ''}`,
    retried: 'Ein neuer Versuch folgt von selbst.',
    retry: 'Noch einmal versuchen',
    engine: (backend, threads, megabytes, version) =>
      `${backend === 'webgpu' ? 'WebGPU' : `WebAssembly, ${count(threads, 'Thread', 'Threads')}`} · ${megabytes} MB Modelle · Version ${version}`,
    waiting: 'Es wird noch geladen und geht dann von selbst weiter.',
    offline: {
      saving: (percent) => `Wird für den Offline-Betrieb gespeichert: ${percent} %`,
      saved: 'Auch offline nutzbar.',
      failed: 'Konnte nicht für den Offline-Betrieb gespeichert werden. Online funktioniert die Seite.',
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
      'Eine hohe Ähnlichkeit ist ein starker Hinweis, aber kein Beweis für die Identität.',
      'Die Prüfung auf Fotos und Bildschirme ist experimentell: sie wurde mit simulierten trainiert, und wie oft sie echte übersieht, ist nicht bekannt. Ohne sie zählt ein gedrucktes Foto oder ein Bildschirm als Gesicht.',
      'Bitte nur Menschen erfassen, die zugestimmt haben. Gesichtsmerkmale, nie Fotos, bleiben in diesem Browser, bis sie gelöscht werden.',
    ],
  },
  errors: {
    canceled: 'Abgebrochen.',
    unexpected: 'Etwas Unerwartetes ging schief. Bitte die Seite neu laden und noch einmal versuchen.',
    codes: errorCodes,
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
    notKept:
      'Dieser Browser lässt die Seite nichts speichern: erfasste Personen sind vergessen, wenn die Seite geschlossen wird.',
    problems: cameraProblems,
    hints: cameraHints,
    prompts: {},
  },
  start: {
    title: 'Gesichtserkennung, die ganz im Browser läuft: nichts verlässt dieses Gerät.',
    code: 'Quelltext',
    documentation: 'Dokumentation',
    answer: 'So funktioniert es',
    steps: [
      'Kamera starten: um das Gesicht erscheint ein Rahmen.',
      'Den eigenen Namen eingeben.',
      'Der Name erscheint im Bild, auch bei jedem späteren Besuch.',
    ],
    download: (megabytes) => `Einmal ${megabytes} MB laden, danach offline.`,
    sample: 'Beispielfoto ausprobieren',
  },
};
