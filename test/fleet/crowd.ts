/**
 * Many connections that read a whole bucket, and then one change, over several processes.
 *
 * They speak the protocol of NATS themselves and look at nothing but the sizes of the values, so that the time is the
 * server's. They ask for values as a kiosk does.
 */
import { fork, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { paddedSize } from '../../src/fleet/seal.js';

const STREAM = 'KV_inface';
const FETCH_COUNT = 256;
/** Longer than any run. */
const POLL_NS = 900e9;
const RETRY_MS = 1_000;
const LINE_END = 10;
const FILE = fileURLToPath(import.meta.url);
/** For processes that run TypeScript, and Node 20, which has WebSocket behind an option. */
const NODE_OPTIONS = ['--experimental-websocket', '--import', 'tsx'];

interface Order {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly connections: number;
}

/** When all connections of a process have read everything. */
interface ReadReport {
  readonly values: number;
  readonly bytes: number;
  readonly connects: number;
}

/** When all of them got the change: `Date.now()` of each. */
interface ChangeReport {
  readonly changedAt: readonly number[];
}

export interface Crowd {
  read(): Promise<ReadReport>;
  changed(): Promise<ChangeReport>;
  stop(): void;
}

export function startCrowd(processes: number, order: Order): Crowd {
  const children = Array.from({ length: processes }, () => {
    const child = fork(FILE, { execArgv: NODE_OPTIONS });
    child.send({ ...order, connections: order.connections / processes });
    return child;
  });
  const next = <T>() => Promise.all(children.map((child) => nextReport<T>(child)));
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
  return {
    read: async () => {
      const reports = await next<ReadReport>();
      return {
        values: sum(reports.map(({ values }) => values)),
        bytes: sum(reports.map(({ bytes }) => bytes)),
        connects: sum(reports.map(({ connects }) => connects)),
      };
    },
    changed: async () => ({ changedAt: (await next<ChangeReport>()).flatMap(({ changedAt }) => changedAt) }),
    stop: () => {
      for (const child of children) child.kill();
    },
  };
}

function nextReport<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (report) => resolve(report as T));
    child.once('exit', (code) => reject(new Error(`A process of the crowd ended with code ${code}.`)));
  });
}

if (process.argv[1] === FILE) process.once('message', (order: Order) => join(order));

function join(order: Order): void {
  const total = { values: 0, bytes: 0, connects: 0 };
  const changedAt: number[] = [];
  let current = 0;
  for (let i = 0; i < order.connections; i++) {
    let isCurrent = false;
    let lastRevision = 0;
    const connect = () => {
      total.connects++;
      open(order, lastRevision, {
        onBytes: (count) => (total.bytes += count),
        onValue: (revision, left) => {
          if (revision <= lastRevision) throw new Error(`Value ${revision} came after ${lastRevision}.`);
          total.values++;
          lastRevision = revision;
          if (isCurrent) {
            if (changedAt.push(Date.now()) === order.connections) process.send!({ changedAt });
          } else if (left === 0) {
            isCurrent = true;
            if (++current === order.connections) process.send!(total);
          }
        },
        // Goes on where it was, as kiosks do.
        onClose: () => setTimeout(connect, RETRY_MS),
      });
    };
    connect();
  }
}

interface Listener {
  readonly onBytes: (count: number) => void;
  /** @param left how many values the server has after this one */
  readonly onValue: (revision: number, left: number) => void;
  readonly onClose: () => void;
}

/** Reads the values after a revision. */
function open({ url, user, password }: Order, after: number, { onBytes, onValue, onClose }: Listener): void {
  const inbox = `_INBOX.${crypto.randomUUID()}`;
  const consumer = `crowd-${crypto.randomUUID()}`;
  let line = '';
  /** Bytes of a value that are still to come. */
  let skip = 0;
  let inBatch = 0;
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('error', () => undefined);
  socket.addEventListener('close', onClose);
  socket.addEventListener('message', ({ data }) => {
    const chunk = Buffer.from(data as ArrayBuffer);
    onBytes(chunk.length);
    let at = 0;
    while (at < chunk.length) {
      if (skip > 0) {
        const part = Math.min(skip, chunk.length - at);
        skip -= part;
        at += part;
        continue;
      }
      const end = chunk.indexOf(LINE_END, at);
      line += chunk.toString('latin1', at, end < 0 ? chunk.length : end);
      if (end < 0) return;
      at = end + 1;
      takeLine(line.trimEnd());
      line = '';
    }
  });

  function takeLine(text: string): void {
    const [verb, subject = '', , reply = '', ...sizes] = text.split(' ');
    if (verb === 'INFO') start();
    else if (verb === 'PING') socket.send('PONG\r\n');
    else if (verb === '-ERR') socket.close();
    else if (verb === 'MSG' || verb === 'HMSG') {
      skip = Number(sizes.at(-1) ?? reply) + 2;
      if (subject === `${inbox}.created`) pull();
      if (!subject.startsWith('$KV.')) return;
      // With headers, their length is in front of the whole.
      const size = sizes.length > 1 ? Number(sizes[1]) - Number(sizes[0]) : Number(sizes[0]);
      if (size !== paddedSize(size)) throw new Error(`A value has ${size} bytes.`);
      // $JS.ACK.STREAM.CONSUMER.DELIVERIES.REVISION.NUMBER.TIME.LEFT
      const fields = reply.split('.');
      onValue(Number(fields[5]), Number(fields[8]));
      if (++inBatch === FETCH_COUNT) pull();
    }
  }

  function start(): void {
    const login = JSON.stringify({ user, pass: password, verbose: false, pedantic: false, headers: true });
    socket.send(`CONNECT ${login}\r\nSUB ${inbox}.* 1\r\n`);
    publish(`CONSUMER.CREATE.${STREAM}.${consumer}`, `${inbox}.created`, {
      stream_name: STREAM,
      config: {
        name: consumer,
        ack_policy: 'none',
        deliver_policy: 'by_start_sequence',
        opt_start_seq: after + 1,
        inactive_threshold: POLL_NS,
        mem_storage: true,
        num_replicas: 1,
      },
    });
  }

  function pull(): void {
    inBatch = 0;
    publish(`CONSUMER.MSG.NEXT.${STREAM}.${consumer}`, `${inbox}.value`, { batch: FETCH_COUNT, expires: POLL_NS });
  }

  function publish(subject: string, replyTo: string, body: object): void {
    const text = JSON.stringify(body);
    socket.send(`PUB $JS.API.${subject} ${replyTo} ${text.length}\r\n${text}\r\n`);
  }
}
