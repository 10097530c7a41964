/** The bucket of a fleet in NATS JetStream, over WebSocket. The only import of NATS. */
import {
  DeliverPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  type JsMsg,
  type StoredMsg,
} from '@nats-io/jetstream';
import { credsAuthenticator, nanos, wsconnect, type ConnectionOptions, type NatsConnection } from '@nats-io/nats-core';
import { InfaceError } from '../api/errors.js';
import type { FleetCredentials } from './contract.js';
import type { Entry, Link, Transport } from './transport.js';

/** How long a request may take. A cluster elects a leader in some seconds. */
const REQUEST_MS = 5_000;
/** How long a poll waits for values. */
const POLL_MS = 30_000;
/** How often the server shows that a poll is alive. After two that are missed, the kiosk connects again. */
const HEARTBEAT_MS = 5_000;
/** Values that are fetched at a time: the limit of what waits in memory. */
const FETCH_COUNT = 256;
/** Without a value for so long, the end of the bucket decides whether any are left. */
const QUIET_MS = 250;
/** An unused consumer is removed by the server after this time. */
const IDLE_MS = 60_000;

const WRONG_REVISION = [10_071, 10_164];
const NO_MESSAGE = 10_037;
const NO_STREAM = 10_059;

export interface NatsOptions {
  readonly servers: readonly string[];
  readonly credentials: FleetCredentials;
  /** Name of the bucket, as in `nats kv add`. */
  readonly bucket: string;
}

/** Creates the transport to a bucket. It uses the format of NATS' key-value buckets, so that the `nats` tool shows them. */
export function createNatsTransport({ servers, credentials, bucket }: NatsOptions): Transport {
  const stream = `KV_${bucket}`;
  const options: ConnectionOptions = {
    servers: [...servers],
    ...toAuthentication(credentials),
    timeout: REQUEST_MS,
    // The caller connects again; the servers know each other by addresses that browsers cannot reach.
    reconnect: false,
    ignoreClusterUpdates: true,
    pingInterval: POLL_MS,
    name: 'inface',
  };
  return {
    connect: async (use, signal) => {
      const connection = await wsconnect(options).catch((error: unknown) => {
        throw toInfaceError(error, `None of the servers ${servers.join(', ')} answers.`);
      });
      const lost = new AbortController();
      const stop = () => lost.abort();
      signal.addEventListener('abort', stop);
      const closed = connection.closed().then((error) => {
        lost.abort();
        return error;
      });
      try {
        if (signal.aborted) return;
        await use(createLink(connection, bucket, stream), lost.signal);
      } catch (error) {
        throw toInfaceError(error, `The bucket '${bucket}' cannot be used.`);
      } finally {
        signal.removeEventListener('abort', stop);
        await connection.close();
        await closed;
      }
    },
  };
}

function createLink(connection: NatsConnection, bucket: string, stream: string): Link {
  const js = jetstream(connection, { timeout: REQUEST_MS });
  const manager = jetstreamManager(connection, { timeout: REQUEST_MS, checkAPI: false });
  const prefix = `$KV.${bucket}.`;
  return {
    info: async () => {
      const { created, state } = await (await manager).streams.info(stream);
      return { created, revision: state.last_seq };
    },
    put: async (key, value, expected) => {
      try {
        const { seq } = await js.publish(prefix + key, value, { expect: { lastSubjectSequence: expected } });
        return seq;
      } catch (error) {
        if (error instanceof JetStreamApiError && WRONG_REVISION.includes(error.code)) return 'conflict';
        throw error;
      }
    },
    get: async (key) => {
      try {
        // Not a direct get, which a server may answer that does not have the last write yet.
        const found = await (await manager).streams.getMessage(stream, { last_by_subj: prefix + key });
        return found && toEntry(found, prefix);
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return null;
        throw error;
      }
    },
    watch: async (after, take, signal) => {
      const info = await (
        await manager
      ).consumers.add(stream, {
        name: `inface-${crypto.randomUUID()}`,
        ack_policy: 'none',
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: after + 1,
        inactive_threshold: nanos(IDLE_MS),
        mem_storage: true,
        num_replicas: 1,
      });
      const consumer = js.consumers.getConsumerFromInfo(info);
      const hasEnded = (): boolean => signal.aborted;
      let delivered = 0;
      let revision = after;
      let entries: Entry[] = [];
      const flush = (left: number): Promise<void> => {
        const chunk = entries;
        entries = [];
        return take(chunk, left);
      };
      let quiet: ReturnType<typeof setTimeout> | undefined;
      let failure: Error | undefined;
      let stop = (): void => undefined;
      // The server may count values that others overwrote before they were delivered, and never will be.
      const flushWhenQuiet = (): void => {
        quiet = setTimeout(() => {
          (async () => {
            const { state } = await (await manager).streams.info(stream);
            await flush(Math.max(0, state.last_seq - revision));
          })().catch((error: unknown) => {
            failure = error instanceof Error ? error : new Error(String(error));
            stop();
          });
        }, QUIET_MS);
      };
      try {
        if (info.num_pending === 0) await take([], 0);
        else flushWhenQuiet();
        while (!hasEnded()) {
          const messages = await consumer.fetch({
            max_messages: FETCH_COUNT,
            expires: POLL_MS,
            idle_heartbeat: HEARTBEAT_MS,
          });
          stop = () => messages.stop();
          signal.addEventListener('abort', stop);
          if (hasEnded()) stop();
          try {
            for await (const message of messages) {
              const { deliverySequence, pending } = message.info;
              if (deliverySequence !== ++delivered) throw new Error('The server left out a value.');
              entries.push(toEntry(message, prefix));
              revision = message.seq;
              clearTimeout(quiet);
              // A full chunk, or all that there is.
              if (pending === 0 || entries.length >= FETCH_COUNT) await flush(pending);
              if (pending > 0) flushWhenQuiet();
            }
          } finally {
            signal.removeEventListener('abort', stop);
          }
          if (failure) throw failure;
        }
      } finally {
        clearTimeout(quiet);
      }
    },
    purge: async (keys) => {
      await (await manager).streams.purge(stream, { filter: `${prefix}${keys}.>` });
    },
  };
}

function toEntry(message: JsMsg | StoredMsg, prefix: string): Entry {
  const operation = ('headers' in message ? message.headers : message.header)?.get('KV-Operation') ?? '';
  return {
    key: message.subject.slice(prefix.length),
    revision: message.seq,
    value: operation === '' ? new Uint8Array(message.data) : null,
  };
}

function toAuthentication(credentials: FleetCredentials): ConnectionOptions {
  if ('creds' in credentials) return { authenticator: credsAuthenticator(new TextEncoder().encode(credentials.creds)) };
  if ('token' in credentials) return { token: credentials.token };
  return { user: credentials.user, pass: credentials.password };
}

function toInfaceError(error: unknown, what: string): InfaceError {
  if (error instanceof InfaceError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (isDenied(error) || (error instanceof Error && isDenied(error.cause))) {
    const advice = 'Check the credentials of this kiosk, and the permissions in the configuration of the server.';
    return new InfaceError('FLEET_ACCESS_DENIED', `The server refused this kiosk: ${reason}. ${advice}`, {
      cause: error,
    });
  }
  const advice =
    error instanceof JetStreamApiError && error.code === NO_STREAM
      ? 'Create the bucket first; see docs/fleet.md.'
      : 'The kit tries again; see docs/fleet.md if it persists.';
  return new InfaceError('FLEET_UNREACHABLE', `${what} ${reason}. ${advice}`, { cause: error });
}

function isDenied(error: unknown): boolean {
  // Not by the class: AuthorizationError also reports 'Authentication Timeout', which comes from a busy server.
  return error instanceof Error && /violation|authentication expired/i.test(error.message);
}
