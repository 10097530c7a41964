/** Sends what happens at the kiosk to the page around it, to other pages of its origin, and to a receiver. */
import { recall, remember } from '../remembered.js';
import type { KioskEvent, KioskLog, Subject } from './log.js';
import { importSecret, sign, toMessage, type KioskMessage } from './message.js';
import { createOutbox, type Outbox } from './outbox.js';

const CHANNEL = 'inface-kiosk';
const SETTINGS_KEY = 'inface-kiosk-events';
const HEARTBEAT_MS = 60_000;
export const MIN_SECRET_LENGTH = 16;

/** Whom this build may send to. */
export interface Targets {
  readonly hosts: readonly string[];
  readonly receiver: string | null;
}

/** Which ways are on. */
export type EventSettings = Readonly<Record<'host' | 'channel' | 'receiver', boolean>>;

export interface KioskEvents {
  readonly targets: Targets;
  readonly settings: EventSettings;
  change(settings: EventSettings): void;
  hasSecret(): Promise<boolean>;
  setSecret(secret: string): Promise<void>;
  /** Number of events that the receiver has not got yet. */
  waiting(): Promise<number>;
  /** @returns a log whose entries are sent as well, and whose deletions reach what is not sent yet */
  follow(log: KioskLog): KioskLog;
  start(): void;
}

function readTargets(): Targets {
  const contentOf = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';
  const hosts = contentOf('inface-kiosk-hosts').split(' ').filter(Boolean);
  return { hosts, receiver: contentOf('inface-kiosk-receiver') || null };
}

/** @param nameOf the kiosk as it is called now */
export function createEvents(nameOf: () => string): KioskEvents {
  const targets = readTargets();
  const outbox: Outbox = createOutbox({
    receiver: targets.receiver,
    sign: async (body) => {
      const key = await outbox.key();
      return key && sign(key, body);
    },
  });
  const channel = new BroadcastChannel(CHANNEL);
  let settings = readSettings();

  async function send(message: KioskMessage): Promise<void> {
    const key = await outbox.key();
    // Without a secret nobody could tell these events from those of somebody else.
    if (!key) return;
    if (settings.receiver && targets.receiver) await outbox.add(message);
    if (!settings.host && !settings.channel) return;
    const body = JSON.stringify(message);
    const signed = { body, signature: await sign(key, body) };
    if (settings.channel) channel.postMessage(signed);
    if (!settings.host || window.parent === window) return;
    // Firefox does not say who embeds the page: the browser then delivers to the right one only.
    const around = (location as { readonly ancestorOrigins?: DOMStringList }).ancestorOrigins?.[0];
    for (const host of targets.hosts)
      if (around === undefined || around === host) window.parent.postMessage(signed, host);
  }

  function report(event: KioskEvent, name: string, about: Subject | null): void {
    const message = toMessage(nameOf(), event, name, about);
    // A full disk must not stop the kiosk.
    if (message) send(message).catch(reportError);
  }

  function beat(): void {
    const person = { profileId: null, name: null, score: null };
    const about = { id: crypto.randomUUID(), at: new Date().toISOString(), kiosk: nameOf(), cause: null };
    send({ ...about, type: 'heartbeat', ...person }).catch(reportError);
  }

  return {
    targets,
    get settings() {
      return settings;
    },
    change(next) {
      settings = next;
      remember(SETTINGS_KEY, JSON.stringify(next));
      if (!next.receiver) void outbox.clear();
    },
    hasSecret: async () => (await outbox.key()) !== null,
    async setSecret(secret) {
      await outbox.setKey(await importSecret(secret));
      beat();
    },
    waiting: () => outbox.count(),
    follow: (log) => ({
      ...log,
      add(event, detail = '', about = null) {
        log.add(event, detail, about);
        report(event, detail, about);
      },
      see(visitor, detail) {
        const begins = log.see(visitor, detail);
        if (begins) report('identified', detail, visitor);
        return begins;
      },
      keepOnly(isKnown) {
        log.keepOnly(isKnown);
        outbox.keepOnly(isKnown).catch(reportError);
      },
    }),
    start() {
      beat();
      setInterval(beat, HEARTBEAT_MS);
      addEventListener('online', () => outbox.deliver());
    },
  };
}

function readSettings(): EventSettings {
  const stored = parse(recall(SETTINGS_KEY) ?? '');
  return { host: stored['host'] === true, channel: stored['channel'] === true, receiver: stored['receiver'] === true };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
