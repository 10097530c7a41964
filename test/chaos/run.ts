/**
 * Attacks the built kit: two tabs run random operations at the same time while workers, renderers and the browser are
 * killed, the disk is full, the site's data is cleared, and the clock jumps. After each attack, what the kit lists and
 * recognizes must follow from what it acknowledged, see model.ts.
 *
 * Run with `npm run test:chaos [-- --operations N --seed S]`. The seed decides all choices, but not how fast the browser
 * is, so the same seed makes the same attacks on calls that may end in another order.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';
import { servePage } from '../../lab/eval/server.js';
import { ensureBrowser } from '../../tools/browser.mjs';
import { elapsed, Problem, ROOT, runMain } from '../../tools/process.mjs';
import { Killed, startBrowser, type ChaosBrowser, type Tab } from './browser.js';
import { createChoices, type Chosen, type Fault } from './choices.js';
import { openDisk } from './disk.js';
import {
  canonical,
  EMPTY,
  emptied,
  isLocked,
  listingOf,
  statesAfter,
  withoutKey,
  type Answer,
  type Call,
  type Circumstances,
  type Listing,
  type Operation,
  type State,
} from './model.js';
import type { Label, PageListing } from './page.js';

const USAGE = 'npm run test:chaos -- [--operations N] [--seed S]';
const PHOTOS = [1, 2, 3, 4, 5, 6].map((n) => join(ROOT, `node_modules/@vladmandic/face-api/demo/sample${n}.jpg`));
const TABS = [0, 1];
const LONGEST_DELAY_MS = 500;
/** Groups of operations between two verifications without a fault. */
const VERIFY_EVERY = 8;
/** A lock is announced to the other tab. */
const NEWS_LIMIT_MS = 5_000;
/** More states that the store could be in would mean that nothing is tested. */
const MOST_STATES = 1_000;
/** Calls that a failure prints. */
const HISTORY = 12;

const QUIET: Circumstances = { diskFull: false, keyLost: false };

await runMain(async () => {
  const { operations, seed } = readCommandLine();
  console.log(`Chaos: ${operations} operations, seed ${seed}`);
  const server = await servePage(join(ROOT, 'public/models'), PHOTOS, '/test/chaos/page.ts');
  try {
    await attack(operations, seed, server.url);
  } finally {
    await server.close();
  }
});

function readCommandLine(): { operations: number; seed: number } {
  const refuse = (why: string) => new Problem('The command line is not valid.', why, `Use: ${USAGE}`);
  const text = { type: 'string' } as const;
  let values;
  try {
    ({ values } = parseArgs({ options: { operations: text, seed: text } }));
  } catch (error) {
    throw refuse(String(error));
  }
  const operations = Number(values.operations ?? 200);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!Number.isInteger(operations) || operations < 1) throw refuse('--operations takes a whole number from 1 on.');
  if (!Number.isInteger(seed) || seed < 0) throw refuse('--seed takes a whole number from 0 on.');
  return { operations, seed };
}

async function attack(operations: number, seed: number, url: string): Promise<void> {
  const choices = createChoices(seed);
  const disk = openDisk();
  const executable = await ensureBrowser(console.error);
  if (disk.whyNotSmall !== null) console.log(`Skipped: a full disk, because ${disk.whyNotSmall}`);

  let browser = null as ChaosBrowser | null;
  let tabs: Tab[] = [];
  let clockOffsetMs = 0;
  /** The states that the store may be in, which follow from all answers. */
  let states: readonly State[] = [EMPTY];
  /** The last exported backup. */
  let file: string | null = null;
  const ids = new Map<string, string>();
  const history: Call[] = [];
  const unhandled: Error[] = [];
  const answers = new Map<string, number>();
  const [counts, faults] = [{ operations: 0, answered: 0, killed: 0, verified: 0 }, new Map<Fault, number>()];

  /** @returns the error to throw */
  function failure(what: string, why: unknown): Problem {
    const calls = history.slice(-HISTORY).map((call) => `    ${JSON.stringify(call)}`);
    const text = typeof why === 'string' ? why : JSON.stringify(why, null, 1);
    return new Problem(
      `${what} After ${counts.operations} operations.`,
      [text, 'the last calls were:', ...calls].join('\n'),
      `Repeat it with: npm run test:chaos -- --operations ${operations} --seed ${seed}`,
    );
  }

  // ── Tabs ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function openTab(tab: number): Promise<void> {
    const opened = await browser!.openTab();
    tabs[tab] = opened;
    const started = await opened.call('start', clockOffsetMs);
    if (started === null || 'code' in started) throw failure(`The kit did not start in tab ${tab}.`, started);
    states = states.map((state) => withoutKey(state, tab));
  }

  async function openBrowser(): Promise<void> {
    browser = await startBrowser(executable, disk.profile, url, (error) => unhandled.push(error));
    tabs = [];
    for (const tab of TABS) await openTab(tab);
  }

  /** Starts again what was killed. */
  async function recover(isBrowserKilled: boolean): Promise<void> {
    if (isBrowserKilled) {
      await openBrowser();
      return;
    }
    for (const tab of TABS) {
      if (!tabs[tab]!.isDead()) continue;
      await tabs[tab]!.close();
      await openTab(tab);
    }
  }

  // ── Operations ────────────────────────────────────────────────────────────────────────────────────────────────────

  function withIds(operation: Operation): Operation {
    const idOf = (handle: string) => ids.get(handle) ?? handle;
    return {
      ...operation,
      ...('profile' in operation ? { profile: idOf(operation.profile) } : {}),
      ...('collection' in operation && operation.collection !== null ? { collection: idOf(operation.collection) } : {}),
      ...('add' in operation ? { add: operation.add.map(idOf), remove: operation.remove.map(idOf) } : {}),
    };
  }

  function handleOf(id: string): string {
    for (const [handle, known] of ids) if (known === id) return handle;
    return id;
  }

  async function perform({ tab, operation }: Chosen, killAfter = false): Promise<Call> {
    let answer: Answer = null;
    try {
      answer = await tabs[tab]!.call('run', withIds(operation), file, killAfter);
    } catch (error) {
      if (!(error instanceof Killed))
        throw failure(`'${operation.method}' failed with something unexpected.`, String(error));
    }
    if (answer && 'value' in answer) {
      const { id, profile, file: exported } = answer.value;
      if (id !== undefined && 'as' in operation) ids.set(operation.as, id);
      if (exported !== undefined) file = exported;
      if (typeof profile === 'string') answer = { value: { ...answer.value, profile: handleOf(profile) } };
      if (exported !== undefined) answer = { value: {} };
    }
    return { tab, operation, answer };
  }

  /** Takes the answers of calls that ran at the same time. */
  function conclude(calls: readonly Call[], about: Circumstances): void {
    history.push(...calls);
    counts.operations += calls.length;
    for (const { operation, answer } of calls) {
      const how = answer === null ? 'killed' : 'value' in answer ? 'done' : answer.code;
      if (how === 'killed') counts.killed++;
      else counts.answered++;
      const key = `${operation.method}: ${how}`;
      answers.set(key, (answers.get(key) ?? 0) + 1);
    }
    const before = states;
    states = statesAfter(before, calls, about);
    if (states.length === 0) {
      throw failure('The answers of operations that ran at the same time contradict what was acknowledged before.', {
        calls,
        before,
      });
    }
    if (states.length > MOST_STATES) throw failure('Too little was acknowledged.', `${states.length} states`);
    if (unhandled.length > 0) throw failure('An error was not handled.', unhandled.map(String).join('\n'));
  }

  async function runGroup(chosen: readonly Chosen[], about: Circumstances = QUIET): Promise<void> {
    conclude(await Promise.all(chosen.map((each) => perform(each))), about);
  }

  // ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function runKilling(fault: Fault, chosen: readonly Chosen[]): Promise<void> {
    const onAnswer = fault.endsWith('on answer');
    const victim = chosen[0]!.tab;
    const isWorker = fault.startsWith('kill worker');
    const running = chosen.map((each, i) => perform(each, isWorker && onAnswer && i === 0));
    if (onAnswer) await Promise.any(running);
    else await wait(choices.number(LONGEST_DELAY_MS));
    if (fault === 'kill worker') await tabs[victim]!.call('killWorker');
    if (fault.startsWith('kill renderer')) tabs[victim]!.crash();
    if (fault.startsWith('kill browser')) await browser!.kill();
    const calls = await Promise.all(running);
    // A worker that was killed, and only it, may end calls this way.
    const isEnded = ({ tab, answer }: Call) =>
      isWorker && tab === victim && answer !== null && 'code' in answer && answer.code === 'WORKER_CRASHED';
    const ended = calls.map((call) => (isEnded(call) ? { ...call, answer: null } : call));
    conclude(ended, { ...QUIET, keyLost: isWorker });
    if (isWorker) {
      states = states.map((state) => withoutKey(state, victim));
      await tabs[victim]!.call('noticeKill');
    }
    const [killed, all] = [ended.filter(({ answer }) => answer === null).length, ended.length];
    console.log(`  ${fault} of tab ${victim}: ${killed} of ${all} calls were not answered`);
    await recover(fault.startsWith('kill browser'));
  }

  async function fillDisk(): Promise<void> {
    if (disk.whyNotSmall !== null) return;
    const known = Object.keys(states[0]!.profiles).filter((each) => states.every(({ profiles }) => each in profiles));
    disk.fill();
    let refused = 0;
    for (let i = 0; i < 3; i++) {
      const before = history.length;
      await runGroup(choices.writes(states[0]!), { ...QUIET, diskFull: true });
      refused += history
        .slice(before)
        .filter(({ answer }) => answer && 'code' in answer && /^STORAGE_/.test(answer.code)).length;
    }
    disk.free();
    console.log(`  fill disk: ${refused} writes were refused`);
    if (refused === 0) throw failure('The disk was full, and every write was acknowledged.', 'see the calls');
    const listed = new Set((await tabs[0]!.call('list')).profiles.map(({ id }) => id));
    if (!known.every((handle) => listed.has(ids.get(handle) ?? ''))) {
      const reports = await Promise.all(tabs.map((tab) => tab.call('takeLoss')));
      console.log('  Chromium emptied the database');
      if (!reports.includes(true))
        throw failure('Chromium emptied the database, and the kit did not say so.', { known });
    }
    await runGroup([{ tab: 0, operation: { method: 'startAnew' } }]);
  }

  async function clearSiteData(): Promise<void> {
    await browser!.clearSiteData();
    states = states.map(emptied);
    console.log('  clear site data');
    // As a user does who comes back.
    for (const tab of TABS) {
      await tabs[tab]!.close();
      await openTab(tab);
    }
  }

  async function moveClock(): Promise<void> {
    clockOffsetMs = choices.clockJumpMs();
    await tabs[0]!.call('setClock', clockOffsetMs);
  }

  // ── Verification ──────────────────────────────────────────────────────────────────────────────────────────────────

  function readListing({ profiles, collections }: PageListing): Listing {
    const listing = {
      profiles: {} as Record<string, Listing['profiles'][string]>,
      collections: {} as Record<string, Listing['collections'][string]>,
    };
    for (const { id, name, metadata, consent, templateCount, collectionIds } of profiles) {
      const { handle, person, version } = metadata as unknown as Label;
      if (name !== `${handle} v${version}` || consent !== name || (ids.get(handle) ?? id) !== id)
        throw failure('A profile is a mixture of two writes.', { id, name, metadata, consent });
      ids.set(handle, id);
      listing.profiles[handle] = { person, version, templates: templateCount, collections: [...collectionIds] };
    }
    for (const { id, name, profileIds } of collections) {
      const [, handle = '', version = ''] = /^(\S+) v(\d+)$/.exec(name) ?? [];
      if (handle === '' || (ids.get(handle) ?? id) !== id)
        throw failure('A collection has a name that it was not given.', { id, name });
      ids.set(handle, id);
      listing.collections[handle] = { version: Number(version), members: profileIds.map(handleOf).sort() };
    }
    for (const [handle, profile] of Object.entries(listing.profiles))
      listing.profiles[handle] = { ...profile, collections: profile.collections.map(handleOf).sort() };
    return listing;
  }

  /** Waits until a tab says that it is locked or open as it must be. */
  async function checkVault(tab: number): Promise<void> {
    const deadline = performance.now() + NEWS_LIMIT_MS;
    for (;;) {
      const status = await tabs[tab]!.call('status');
      const possible = states.filter(
        (state) =>
          status.hasPassphrase === (state.passphrase !== null) && (status.state === 'locked') === isLocked(state, tab),
      );
      if (possible.length > 0) {
        states = possible;
        return;
      }
      if (performance.now() > deadline)
        throw failure(`The vault is in a wrong state in tab ${tab}.`, { status, states });
      await wait(50);
    }
  }

  async function check(tab: number, operation: Operation): Promise<void> {
    const call = await perform({ tab, operation });
    const possible = statesAfter(states, [call], QUIET);
    if (possible.length === 0) throw failure('A verification failed.', { call, states });
    states = possible;
  }

  async function verify(): Promise<void> {
    for (const tab of TABS) await checkVault(tab);
    const [state] = states;
    // A locked vault answers no question about faces.
    for (const tab of TABS) {
      if (!isLocked(state!, tab)) continue;
      for (const [profile, { person }] of Object.entries(state!.profiles).slice(0, 1))
        await check(tab, { method: 'match', profile, person });
      for (const collection of Object.keys(state!.collections))
        await check(tab, { method: 'identify', collection, person: 0 });
      await check(tab, { method: 'unlock', passphrase: state!.passphrase! });
    }
    for (const tab of TABS) {
      const listing = readListing(await tabs[tab]!.call('list'));
      const possible = states.filter((each) => canonical(listingOf(each)) === canonical(listing));
      if (possible.length === 0)
        throw failure(`Tab ${tab} does not list what was acknowledged.`, {
          listed: listing,
          expected: states.map(listingOf),
        });
      states = possible;
    }
    const { profiles, collections } = states[0]!;
    for (const [profile, { person }] of Object.entries(profiles))
      await check(choices.number(2), { method: 'match', profile, person });
    for (const [collection, { members }] of Object.entries(collections)) {
      const people = new Set(members.map((handle) => profiles[handle]!.person));
      for (const person of [...people, choices.number(2)])
        await check(choices.number(2), { method: 'identify', collection, person });
    }
    counts.verified++;
  }

  // ── The run ───────────────────────────────────────────────────────────────────────────────────────────────────────

  try {
    await openBrowser();
    let quietGroups = 0;
    const plan = choices.faults(operations);
    while (counts.operations < operations || plan.length > 0) {
      const fault = plan.pop() ?? null;
      const [state] = states;
      if (fault) faults.set(fault, (faults.get(fault) ?? 0) + 1);
      if (fault === 'fill disk') await fillDisk();
      else if (fault === 'clear site data') await clearSiteData();
      else if (fault === 'erase all') await runGroup(choices.erasure(state!));
      else if (fault === 'move clock') await Promise.all([moveClock(), runGroup(choices.group(state!))]);
      else if (fault !== null) await runKilling(fault, choices.group(state!));
      else await runGroup(choices.group(state!));
      quietGroups = fault === null ? quietGroups + 1 : 0;
      if ((fault !== null && fault !== 'move clock') || quietGroups >= VERIFY_EVERY) {
        await verify();
        quietGroups = 0;
      }
    }
    await browser!.kill();
    await openBrowser();
    await verify();
  } finally {
    await browser?.kill();
    disk.remove();
  }

  for (const [key, count] of [...answers].sort()) console.log(`  ${key}: ${count}`);
  const attacks = [...faults].map(([fault, count]) => `${fault} ${count}`).join(', ');
  console.log(
    `Passed: ${counts.operations} operations, ${counts.answered} answered and ${counts.killed} killed, ` +
      `${counts.verified} verifications, ${elapsed()}; seed ${seed}\nFaults: ${attacks}`,
  );
}
