/** Real servers on the loopback, with the configuration files of examples/fleet. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const EXAMPLES = new URL('../../examples/fleet/', import.meta.url);
/** How long a server may take to answer, or a cluster to elect a leader. */
const START_MS = 50_000;
const POLL_MS = 50;
/** Systems give ports from 32,768 on to outgoing connections, which could take that of a server while it is down. */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

/** Passwords are random, so that no test works by chance without them. */
const PASSWORDS = {
  FLEET_OWNER_PASSWORD: `o${crypto.randomUUID()}`,
  FLEET_WRITER_PASSWORD: `w${crypto.randomUUID()}`,
  FLEET_READER_PASSWORD: `r${crypto.randomUUID()}`,
  FLEET_SYS_PASSWORD: `s${crypto.randomUUID()}`,
  FLEET_ROUTE_PASSWORD: `x${crypto.randomUUID()}`,
  FLEET_SITE_PASSWORD: `t${crypto.randomUUID()}`,
};
export const OWNER = { user: 'owner', password: PASSWORDS.FLEET_OWNER_PASSWORD };
export const WRITER = { user: 'writer', password: PASSWORDS.FLEET_WRITER_PASSWORD };
export const READER = { user: 'reader', password: PASSWORDS.FLEET_READER_PASSWORD };

export interface Node {
  /** Address of its WebSocket. */
  readonly url: string;
  readonly folder: string;
  /** For the owner. */
  readonly port: number;
  /** Address for the servers of sites, if it is a hub. */
  readonly hubUrl: string;
  /** Id of the running process. */
  pid(): number;
  start(): Promise<void>;
  /** Kills the process as `kill -9` does, and waits for its end. */
  kill(): Promise<void>;
}

export interface Servers {
  readonly nodes: readonly Node[];
  readonly urls: readonly string[];
  /** Sends a request of the owner to the JetStream API. */
  api<T>(subject: string, body?: unknown): Promise<T>;
  /** Returns the node that leads the bucket. */
  leader(): Promise<Node>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Replaces parts of the configuration, in order. */
  readonly replace?: readonly (readonly [RegExp, string])[];
  /** Fields of the bucket that differ from bucket.json. */
  readonly bucket?: Readonly<Record<string, unknown>>;
  /** Certificate and key of the WebSocket. Without, it has no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly withoutBucket?: boolean;
  /** Whether servers of sites may connect. */
  readonly isHub?: boolean;
}

/** Starts one server, or three as a cluster, with the bucket. */
export async function startServers(binary: string, count: 1 | 3, options: ServerOptions = {}): Promise<Servers> {
  const root = createRoot();
  const ports = await freePorts(count * 4);
  const portsOf = (index: number) => ports.slice(index * 4);
  const routes = Array.from({ length: count }, (_, i) => {
    return [
      `FLEET_ROUTE_${i + 1}`,
      `nats://route:${PASSWORDS.FLEET_ROUTE_PASSWORD}@127.0.0.1:${portsOf(i)[2]}`,
    ] as const;
  });
  const nodes = Array.from({ length: count }, (_, i) => {
    const name = `nats-${i + 1}`;
    const env = { NODE_NAME: name, ...Object.fromEntries(routes) };
    const example = count === 1 ? 'one-node.conf' : 'three-nodes.conf';
    return createNode(binary, join(root, name), example, portsOf(i), env, options);
  });
  const servers = await startNodes(root, nodes);
  if (options.withoutBucket === true) return servers;
  // A cluster takes a moment to elect who may create streams.
  await eventually(() => createStream(servers, 'bucket.json', { num_replicas: count, ...options.bucket }));
  return servers;
}

/**
 * Starts the server of a site, with the mirror of the bucket.
 * @param hubUrl address of a hub's node, or of a cable to it
 */
export async function startSite(
  binary: string,
  hubUrl: string,
  options: Pick<ServerOptions, 'replace'> = {},
): Promise<Servers> {
  const root = createRoot();
  const url = new URL(hubUrl);
  const env = {
    SITE_NAME: 'site-1',
    FLEET_HUB_URL: `nats://site:${PASSWORDS.FLEET_SITE_PASSWORD}@${url.host}`,
  };
  const node = createNode(binary, join(root, 'site-1'), 'site.conf', await freePorts(2), env, options);
  const servers = await startNodes(root, [node]);
  await createStream(servers, 'mirror.json');
  return servers;
}

export function createStream(servers: Servers, example: string, changes: object = {}): Promise<unknown> {
  return servers.api('STREAM.CREATE.KV_inface', { ...(JSON.parse(readExample(example)) as object), ...changes });
}

function createRoot(): string {
  return mkdtempSync(join(tmpdir(), 'inface-fleet-'));
}

function readExample(name: string): string {
  return readFileSync(new URL(name, EXAMPLES), 'utf8');
}

async function startNodes(root: string, nodes: readonly Node[]): Promise<Servers> {
  await Promise.all(nodes.map((node) => node.start()));
  const servers: Servers = {
    nodes,
    urls: nodes.map(({ url }) => url),
    api: async (subject, body) => {
      for (const node of nodes) {
        const answer = await request(node.port, `$JS.API.${subject}`, body).catch(() => undefined);
        if (answer?.['error']) throw new Error(JSON.stringify(answer['error']));
        if (answer) return answer as never;
      }
      throw new Error(`No server answers to ${subject}.`);
    },
    leader: async () => {
      const { cluster } = await eventually(async () => {
        const info = await servers.api<{ cluster: { leader?: string } }>('STREAM.INFO.KV_inface');
        if (info.cluster.leader === undefined) throw new Error('The bucket has no leader.');
        return info;
      });
      return nodes[Number(cluster.leader!.replace('nats-', '')) - 1]!;
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      rmSync(root, { recursive: true, force: true });
    },
  };
  return servers;
}

/** @param ports for the owner, for kiosks, for the cluster and for sites */
function createNode(
  binary: string,
  folder: string,
  example: string,
  [listen = 0, websocket = 0, cluster = 0, leafs = 0]: readonly number[],
  env: Readonly<Record<string, string>>,
  { replace = [], tls, isHub = false }: ServerOptions,
): Node {
  mkdirSync(folder);
  let text = readExample(example)
    .replace('# include "hub.conf"', isHub ? readExample('hub.conf').replace(/tls: \{[^}]*\}/, '') : '')
    .replace('127.0.0.1:4222', `127.0.0.1:${listen}`)
    .replace('0.0.0.0:9222', `127.0.0.1:${websocket}`)
    .replace('0.0.0.0:6222', `127.0.0.1:${cluster}`)
    .replace('0.0.0.0:7422', `127.0.0.1:${leafs}`)
    // Nobody is there: sites come by a cable, which the hub does not know.
    .replace('nats-1.example.com:7422', '127.0.0.1:1')
    .replace('/var/lib/nats', join(folder, 'data'))
    .replace(/allowed_origins.*/, '')
    .replace('include "permissions.conf"', () => readExample('permissions.conf'));
  text = tls
    ? text.replace('/etc/nats/cert.pem', tls.cert).replace('/etc/nats/key.pem', tls.key)
    : text.replace(/tls: \{[^}]*\}/, 'no_tls: true');
  for (const [pattern, by] of replace) text = text.replace(pattern, by);
  const file = join(folder, 'server.conf');
  writeFileSync(file, text);

  let child: ChildProcess | undefined;
  const logFile = join(folder, 'server.log');
  return {
    url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${websocket}`,
    folder,
    port: listen,
    hubUrl: `nats://127.0.0.1:${leafs}`,
    pid: () => child?.pid ?? 0,
    start: async () => {
      if (child) return;
      const started = spawn(binary, ['-c', file, '-l', logFile], {
        env: { ...process.env, ...PASSWORDS, ...env },
        stdio: 'ignore',
      });
      child = started;
      await eventually(async () => {
        if (started.exitCode !== null)
          throw new Error(`nats-server ended: ${readFileSync(logFile, 'utf8').slice(-2_000)}`);
        await knock(websocket);
      });
    },
    kill: async () => {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGKILL');
      await ended;
    },
  };
}

/** Repeats what fails until it works. @throws the last error after 30 s */
export async function eventually<T>(work: () => Promise<T> | T, limitMs = START_MS): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** A network cable between a kiosk and a server: a proxy that can be cut and mended. */
export interface Cable {
  readonly url: string;
  cut(): void;
  mend(): void;
  /** Bytes that went through, in both directions. */
  bytes(): number;
  stop(): Promise<void>;
}

export async function layCable(to: string): Promise<Cable> {
  const target = Number(new URL(to).port);
  const sockets = new Set<Socket>();
  let isCut = false;
  let bytes = 0;
  const server: Server = createServer((socket) => {
    if (isCut) {
      socket.destroy();
      return;
    }
    const other = connect(target, '127.0.0.1');
    for (const [from, into] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => (bytes += data.length));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        into.destroy();
      });
      from.pipe(into);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      isCut = false;
    },
    bytes: () => bytes,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function knock(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

/** Sends a request of the owner over TCP. Node 20 has no WebSocket where vitest prepares the tests. */
function request(port: number, subject: string, body?: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const login = JSON.stringify({ user: OWNER.user, pass: OWNER.password, verbose: false, pedantic: false });
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setTimeout(5_000, () => socket.destroy(new Error(`No answer to ${subject}.`)));
    socket.on('error', reject);
    socket.on('data', (data) => {
      if (text === '') {
        const length = Buffer.byteLength(payload);
        socket.write(`CONNECT ${login}\r\nSUB answer 1\r\nPUB ${subject} answer ${length}\r\n${payload}\r\n`);
      }
      text += data.toString();
      const [, length, rest] = /\r\nMSG answer 1 (\d+)\r\n(.*)$/s.exec(text) ?? [];
      const fault = /-ERR .*/.exec(text)?.[0];
      if (fault !== undefined) socket.destroy(new Error(fault));
      else if (length !== undefined && Buffer.byteLength(rest!) >= Number(length)) {
        resolve(JSON.parse(Buffer.from(rest!).subarray(0, Number(length)).toString()) as Record<string, unknown>);
        socket.destroy();
      }
    });
  });
}
