/** The audit trail: who did what to which record, and when. */
import type { AuditEntry } from '../../api/audit.js';
import type { FaceStore } from '../ports/face-store.js';
import { timestamp, type StoreParts } from './records.js';

/** Fields of an audit entry about a change that the application made to the whole store. */
export const WHOLE_STORE = { actor: null, subject: null, count: null } as const;

/** @param enabled whether to keep an audit trail; if not, notes are dropped */
export function createNote(enabled: boolean): StoreParts['note'] {
  return async (tx, action, { actor, subject, count }) => {
    if (enabled) await tx.objectStore('audit').add({ at: timestamp(), action, actor, subject, count });
  };
}

export function createAudit({ db }: StoreParts): Pick<FaceStore, 'listAudit' | 'clearAudit'> {
  return {
    listAudit: (limit) =>
      db.read(async (tx) => {
        const entries: AuditEntry[] = [];
        for await (const cursor of tx.objectStore('audit').iterate(null, 'prev')) {
          if (limit !== null && entries.length >= limit) break;
          entries.push(cursor.value);
        }
        return entries;
      }),

    clearAudit: () => db.exclusive((writer) => writer.commit((tx) => tx.objectStore('audit').clear())),
  };
}
