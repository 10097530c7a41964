/** The texts of the import in German. */
import type { ProblemKind } from '../views/bulk/bulk-problem.js';
import type { BulkTexts } from './bulk-en.js';

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
const people = (n: number) => count(n, 'Person', 'Personen');
const photos = (n: number) => count(n, 'Foto', 'Fotos');

const problems: Record<ProblemKind, string> = {
  bomb: 'wird entpackt größer, als diese Seite annimmt: 20.000 Dateien, je 64 MB, zusammen 8 GB. Nichts wurde gelesen.',
  encrypted: 'ist mit einem Passwort geschützt. Bitte ein Archiv ohne Passwort wählen.',
  unreadable: 'lässt sich nicht lesen. Vielleicht ist die Datei beschädigt.',
  columns:
    'hat keine Spalte, die sagt, wer jemand ist. Die erste Zeile braucht „name“ oder „id“ und „datei“ für die Fotos.',
  empty: 'In dieser Auswahl sind keine Fotos.',
  lists: 'sind mehrere Listen. Bitte eine wählen.',
};

export const bulkGerman: BulkTexts = {
  lead: 'Ein Ordner, eine ZIP-Datei, viele Fotos, oder Fotos und eine Liste. Nichts verlässt dieses Gerät, und kein Foto wird aufbewahrt.',
  source: 'Fotos wählen',
  folder: 'Ordner wählen',
  files: 'Dateien wählen',
  drop: 'oder hierher ziehen',
  formats: 'Wie die Fotos benannt sind',
  formatsText: [
    'Nach Datei: anna_1.jpg und anna_2.jpg sind zwei Fotos von anna.',
    'Nach Ordner: Anna/1.jpg und Anna/2.jpg sind zwei Fotos von Anna.',
    'Nach einer Liste (CSV) unter den Dateien: Spalten name, datei und id; weitere Spalten werden bei der Person gespeichert.',
    'Zwei oder drei Fotos je Person sind gut, höchstens zehn sind möglich.',
  ],
  collection: 'Hinzufügen zu',
  newCollection: (name) => `${name} (neu)`,
  reading: 'Die Auswahl wird gelesen…',
  problem: (kind, file) => (kind === 'empty' ? problems.empty : `${file} ${problems[kind]}`),
  someFiles: (n) => count(n, 'Datei', 'Dateien'),
  found: (rows, n) => `${people(rows)} mit ${photos(n)}.`,
  ignored: (n) => `${count(n, 'Datei ist kein Bild und wird', 'Dateien sind keine Bilder und werden')} ausgelassen.`,
  unlisted: (n) =>
    `${count(n, 'Foto steht nicht in der Liste und wird', 'Fotos stehen nicht in der Liste und werden')} ausgelassen.`,
  people: 'Personen',
  show: 'Anzeigen',
  filters: { all: 'Alle', ready: 'Noch nicht erfasst', done: 'Erfasst', problem: 'Nicht erfasst' },
  shown: people,
  enroll: (n) => `Alle erfassen, bei denen nichts fehlt (${n})`,
  resume: (n) => `Fortsetzen (noch ${n})`,
  stop: 'Anhalten',
  undo: (n) => `Import rückgängig machen (${n})`,
  undoTitle: 'Import rückgängig machen?',
  undoText: (n) => `${people(n)} aus diesem Import ${n === 1 ? 'wird' : 'werden'} gelöscht.`,
  undoing: (done, all) => `Wird gelöscht: ${done} von ${all}`,
  undone: (n) => `Der Import wurde rückgängig gemacht: ${people(n)} gelöscht.`,
  progress: (done, all) => `${done} von ${all}`,
  left: (minutes) =>
    minutes < 1 ? 'noch weniger als eine Minute' : `noch etwa ${count(minutes, 'Minute', 'Minuten')}`,
  ended: (enrolled, others) => `Fertig: ${people(enrolled)} erfasst${others > 0 ? `, ${others} nicht` : ''}.`,
  stopped: 'Angehalten. Wer erfasst ist, bleibt es.',
  staysOpen: 'Bitte in dieser Ansicht bleiben, bis alle fertig sind. Nach einem Neuladen geht es weiter.',
  unfinished: (source, date, enrolled, total) =>
    `Beim Import von ${source} am ${date} ${enrolled === 1 ? 'wurde' : 'wurden'} ${enrolled} von ${people(total)} erfasst.`,
  unfinishedHint: 'Zum Fortsetzen dieselben Fotos noch einmal wählen: Wer schon erfasst ist, wird übersprungen.',
  keep: 'Behalten',
  photos,
  verdicts: {
    ready: 'bereit',
    'no-photo': 'kein Foto gefunden',
    'left-out': 'ausgelassen',
    enrolled: 'erfasst',
    exists: 'schon vorher erfasst',
    rejected: 'nicht erfasst',
    'look-alike': 'sieht jemandem ähnlich',
    failed: 'nicht erfasst',
  },
  missing: (names) => `nicht gefunden: ${names.join(', ')}`,
  surplus: (n) => `${photos(n)} über der Grenze`,
  used: (used, all) => `${used} von ${photos(all)} verwendet`,
  looksLike: (name) => `sieht aus wie ${name}`,
  notImage: 'eine Datei ist kein Bild, das sich öffnen lässt',
  unreadable: 'ein Foto lässt sich nicht lesen',
  toPairs: (n) => `${count(n, 'Ähnlichkeit', 'Ähnlichkeiten')} entscheiden`,
  pairs: (n) => `${people(n)} ${n === 1 ? 'sieht' : 'sehen'} jemandem ähnlich, der schon erfasst ist`,
  pairsHint: 'Links das neue Foto, rechts die erfasste Person. Bis zur Entscheidung wird niemand davon erfasst.',
  noPicture: 'schon vorher erfasst, kein Foto vorhanden',
  different: 'Verschieden: erfassen',
  differentWho: (name) => `Verschieden: erfassen, ${name}`,
  same: 'Dieselbe Person: auslassen',
  sameWho: (name) => `Dieselbe Person: auslassen, ${name}`,
  morePairs: (n) => `${n} weitere folgen.`,
};
