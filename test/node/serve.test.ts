import { mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createServer, listen } from '../../tools/serve.mjs';

const SECRET = 'not to be served';

let folder: string;
let server: Awaited<ReturnType<typeof createServer>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inface-serve-'));
  const root = join(folder, 'root');
  await mkdir(join(root, 'docs'), { recursive: true });
  await mkdir(join(root, 'empty'));
  // A sibling whose name begins like the root's: a check by prefix alone would let it through.
  await mkdir(join(folder, 'root-secret'));
  await writeFile(join(folder, 'root-secret', 'secret.txt'), SECRET);
  await writeFile(join(root, 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(root, 'docs', 'index.html'), '<!doctype html><title>docs</title>');
  await writeFile(join(root, 'a b+ü%.txt'), 'odd name');
  await writeFile(join(root, 'nothing.txt'), '');
  await writeFile(join(root, 'model.onnx'), Buffer.alloc(300_000, 7));
  await symlink(join(folder, 'root-secret', 'secret.txt'), join(root, 'link-out.txt'));
  await symlink(join(folder, 'root-secret'), join(root, 'folder-out'));
  await symlink(join(root, 'model.onnx'), join(root, 'link-in.onnx'));
  server = await createServer({ root });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Sends a request as it is: fetch would normalize the path. */
function sendRaw(target: string, method = 'GET'): Promise<{ status: number; head: string; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (answer += text));
    socket.on('error', reject);
    socket.on('end', () => {
      const [head = '', ...body] = answer.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), head, body: body.join('\r\n\r\n') });
    });
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, 'latin1');
  });
}

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init);

describe('files', () => {
  it('says it is on localhost, where a camera is allowed', () => {
    expect(server.url).toMatch(/^http:\/\/localhost:\d+\/$/);
  });

  it('sends a file with its length', async () => {
    const response = await get('model.onnx');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('300000');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.alloc(300_000, 7))).toBe(true);
  });

  it('sends the precompressed copy that the browser takes, unless the file is newer', async () => {
    const [file, text] = [join(folder, 'root', 'page.js'), 'const answer = 42;'.repeat(100)];
    await writeFile(file, text);
    await writeFile(`${file}.br`, brotliCompressSync(text));
    await writeFile(`${file}.gz`, gzipSync(text));
    const encodingFor = async (accepted: string) => {
      const response = await get('page.js', { headers: { 'Accept-Encoding': accepted } });
      expect([response.headers.get('vary'), response.headers.get('content-type')]).toEqual([
        'Accept-Encoding',
        'text/javascript; charset=utf-8',
      ]);
      expect(await response.text()).toBe(text);
      return response.headers.get('content-encoding');
    };
    expect(await encodingFor('gzip, deflate, br')).toBe('br');
    expect(await encodingFor('gzip')).toBe('gzip');
    expect(await encodingFor('br;q=0, gzip;q=0.5')).toBe('gzip');
    expect(await encodingFor('identity')).toBeNull();
    const later = new Date(Date.now() + 60_000);
    await utimes(file, later, later);
    expect(await encodingFor('br, gzip')).toBeNull();
  });

  it('sends no copy that is a link', async () => {
    await writeFile(join(folder, 'root', 'linked.js'), 'public');
    await symlink(join(folder, 'root-secret', 'secret.txt'), join(folder, 'root', 'linked.js.gz'));
    const response = await get('linked.js', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(await response.text()).toBe('public');
  });

  it('sends an empty file', async () => {
    const response = await get('nothing.txt');
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', '']);
  });

  it('reads encoded names and ignores the query', async () => {
    const response = await get(`${encodeURIComponent('a b+ü%.txt')}?v=1?2`);
    expect([response.status, await response.text()]).toEqual([200, 'odd name']);
  });

  it('follows a link that stays inside', async () => {
    const response = await get('link-in.onnx');
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 300_000]);
  });

  it.each([
    ['a.js', 'text/javascript; charset=utf-8'],
    ['a.mjs', 'text/javascript; charset=utf-8'],
    ['a.wasm', 'application/wasm'],
    ['a.onnx', 'application/octet-stream'],
    ['a.json', 'application/json; charset=utf-8'],
    ['a.css', 'text/css; charset=utf-8'],
    ['a.html', 'text/html; charset=utf-8'],
    ['a.png', 'image/png'],
    ['a.jpg', 'image/jpeg'],
    ['a.JPG', 'image/jpeg'],
    ['a.svg', 'image/svg+xml'],
    ['a.webmanifest', 'application/manifest+json'],
    ['a.txt', 'text/plain; charset=utf-8'],
    ['a.unknown', 'application/octet-stream'],
  ])('sends %s as %s', async (name, type) => {
    await writeFile(join(folder, 'root', name), 'x');
    const response = await get(name);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const { status, head, body } = await sendRaw('/model.onnx', 'HEAD');
    expect(status).toBe(200);
    expect(head).toMatch(/^content-length: 300000$/im);
    expect(body).toBe('');
  });

  it('has an answer for a missing file that is never a page', async () => {
    for (const path of ['missing.js', 'docs/missing', 'index.html/x', `${'x'.repeat(300)}.js`]) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(await response.text()).toBe('Not found\n');
    }
    expect((await sendRaw('/missing.js', 'HEAD')).body).toBe('');
  });

  it('refuses other methods and names those it has', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await get('index.html', { method });
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD']);
    }
  });
});

describe('folders', () => {
  it('sends the index of the root and of a folder that has one', async () => {
    expect(await (await get('')).text()).toContain('page');
    expect(await (await get('docs/')).text()).toContain('docs');
  });

  it('lists no folder', async () => {
    expect((await get('empty/')).status).toBe(404);
    expect((await get('empty')).status).toBe(404);
  });

  it('leads to the folder with its slash, on this host only', async () => {
    const response = await get('docs?x=1', { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([301, '/docs/?x=1']);
    expect((await sendRaw('//docs')).head).toMatch(/^location: \/docs\/$/im);
  });
});

describe('caching', () => {
  it('confirms a copy that is still good, and sends a changed file', async () => {
    const file = join(folder, 'root', 'changing.txt');
    await writeFile(file, 'one');
    const first = await get('changing.txt');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('no-cache');

    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get('changing.txt', { headers: { 'if-none-match': tag } });
      expect([tag, again.status, await again.text()]).toEqual([tag, 304, '']);
    }

    await writeFile(file, 'two');
    await utimes(file, new Date(), new Date(Date.now() + 10_000));
    const changed = await get('changing.txt', { headers: { 'if-none-match': etag } });
    expect([changed.status, await changed.text()]).toEqual([200, 'two']);
  });
});

describe('security', () => {
  it('isolates the page and allows only its own resources, in every answer', async () => {
    for (const path of ['', 'model.onnx', 'missing.js', '%zz']) {
      const { headers } = await get(path);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('permissions-policy')).toBe('camera=(self)');
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
          "img-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; " +
          "frame-ancestors 'none'",
      );
    }
  });

  it('adds other headers instead where they are given', async () => {
    const plain = await createServer({ root: join(folder, 'root'), headers: { 'x-test': '1' } });
    for (const path of ['', 'missing.js']) {
      const { headers } = await fetch(new URL(path, plain.url));
      expect([headers.get('x-test'), headers.get('content-security-policy')]).toEqual(['1', null]);
    }
    await plain.close();
  });

  it.each([
    '/../root-secret/secret.txt',
    '/docs/../../root-secret/secret.txt',
    '/%2e%2e/root-secret/secret.txt',
    '/..%2froot-secret%2fsecret.txt',
    '/%2E%2E%2Froot-secret/secret.txt',
    '/..\\root-secret\\secret.txt',
    '/..%5croot-secret%5csecret.txt',
    '/docs/./index.html',
    '/index.html%00.txt',
    '/%',
    '/%zz',
    '/%c0%ae%c0%ae/root-secret/secret.txt',
    '*',
    'http://localhost/index.html',
  ])('refuses %s', async (target) => {
    const { status, body } = await sendRaw(target);
    expect(status).toBe(400);
    expect(body).not.toContain(SECRET);
  });

  it.each([
    '/%252e%252e/root-secret/secret.txt',
    '/link-out.txt',
    '/folder-out/secret.txt',
    '/folder-out/',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
  ])('has nothing at %s', async (target) => {
    const { status, body } = await sendRaw(target);
    expect(status).toBe(404);
    expect(body).not.toContain(SECRET);
  });
});

describe('life', () => {
  it('tells that the port is taken', async () => {
    const port = Number(new URL(server.url).port);
    await expect(createServer({ root: folder, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('tells that the folder is missing', async () => {
    await expect(createServer({ root: join(folder, 'none') })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('answers with 500 when a handler fails, and goes on', async () => {
    const logged = vi.spyOn(console, 'error').mockReturnValue();
    const failing = await listen(() => {
      throw new Error('a defect');
    });
    for (let i = 0; i < 2; i++) expect((await fetch(failing.url)).status).toBe(500);
    expect(logged).toHaveBeenCalledTimes(2);
    logged.mockRestore();
    await failing.close();
  });

  it('ends the connection when a file shrinks while it is sent', { timeout: 3_000 }, async () => {
    const file = join(folder, 'root', 'shrinking.bin');
    await writeFile(file, Buffer.alloc(64_000_000));
    const response = await get('shrinking.bin');
    await truncate(file, 0);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it('closes with a request under way, and can be reached no more', { timeout: 3_000 }, async () => {
    const other = await createServer({ root: folder });
    expect((await fetch(other.url)).status).toBe(404);
    const socket = connect(Number(new URL(other.url).port), '127.0.0.1');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    // The answer to the first request proves that the server has the connection, and the first line of the second.
    const answered = new Promise((resolve) => socket.once('data', resolve));
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n');
    await answered;
    await other.close();
    await ended;
    await expect(fetch(other.url)).rejects.toThrow();
  });
});
