/** A change of models with the real worker: enrolled with one set of the manifest, seen with the other. */
import { expect, it, onTestFinished } from 'vitest';
import { createFaceKit, type FaceKit, type Point } from '../../src/index.js';
import sampleFaces from '../fixtures/sample-faces.json' with { type: 'json' };
import { asCanvas, asJpeg, cutOut, disguised, dropDatabase, KIT_OPTIONS, samplePhoto } from './support.js';

it('people of the old models are recognized, and migrate', { timeout: 120_000 }, async () => {
  const database = `test-${crypto.randomUUID()}`;
  onTestFinished(() => dropDatabase(database));
  const withKit = async <T>(options: object, work: (kit: FaceKit) => Promise<T>) => {
    const kit = await createFaceKit({ ...KIT_OPTIONS, database, ...options });
    try {
      return await work(kit);
    } finally {
      await kit.close();
    }
  };
  const anna = await cutOut(await samplePhoto(6), (sampleFaces[5] as [Point])[0], 0.3);
  const berta = await cutOut(await samplePhoto(1), (sampleFaces[0] as [Point])[0], 0.6);
  const smaller = await asJpeg(await asCanvas(anna, 0.9), 0.8);

  const old = await withKit({ models: 'public-domain' }, async (kit) => {
    const home = await kit.collections.create('Home');
    const enrolled = await kit.enroll([anna, smaller], { name: 'Anna', collectionId: home.id });
    if (enrolled.outcome !== 'enrolled') throw new Error(enrolled.outcome);
    await kit.enroll([berta], { name: 'Berta', collectionId: home.id });
    await kit.train(home.id);
    const { embeddingSpace, migration } = await kit.info();
    expect(migration).toEqual([]);
    return {
      home: home.id,
      anna: enrolled.profile.id,
      space: embeddingSpace,
      backup: await kit.backup.export('long secret'),
    };
  });

  const seen = await disguised(anna);
  await withKit({}, async (kit) => {
    const { embeddingSpace } = await kit.info();
    expect(embeddingSpace).not.toBe(old.space);
    const migrated: unknown[] = [];
    kit.on('migrated', (detail) => migrated.push(detail));
    expect((await kit.identify(seen, old.home)).faces).toMatchObject([{ outcome: 'identified', name: 'Anna' }]);
    expect((await kit.profiles.get(old.anna)).spaces).toEqual({ [old.space]: 2, [embeddingSpace]: 1 });
    // The same moment does not count again.
    await kit.identify(seen, old.home);
    expect((await kit.profiles.get(old.anna)).templateCount).toBe(3);
    expect(await kit.match(seen, old.anna)).toMatchObject({ match: true, comparisons: { length: 1 } });
    // Who was not seen yet is still matched by the old models.
    const notSeen = (await kit.profiles.list()).filter(({ spaces }) => !(embeddingSpace in spaces));
    expect(notSeen.map(({ name }) => name)).toEqual(['Berta']);
    expect(await kit.match(berta, notSeen[0]?.id ?? '')).toMatchObject({ match: true, comparisons: { length: 1 } });
    const { migration, live } = await kit.info();
    expect(migration).toMatchObject([
      { space: old.space, profileCount: 2, leftCount: 2, unreachableCount: 0, problem: null },
    ]);
    // The detector, two landmarkers and two embedders.
    expect(live.sessions).toBe(5);
    expect(await kit.train(old.home)).toMatchObject({ profileCount: 2 });
    expect((await kit.identify(berta, old.home)).faces).toMatchObject([{ outcome: 'identified', name: 'Berta' }]);
    expect(await kit.addImages(old.anna, [smaller, anna])).toMatchObject({ outcome: 'added' });
    expect(migrated).toEqual([]);
    // A backup of the old models is read because the manifest has them.
    const { profiles } = await kit.backup.import(old.backup, 'long secret');
    expect(profiles).toMatchObject({ kept: 2 });
    const both = await kit.backup.export('long secret');
    await kit.storage.eraseAll();
    expect((await kit.backup.import(both, 'long secret')).profiles).toMatchObject({ added: 2 });
  });

  await withKit({ migrate: false }, async (kit) => {
    const [space] = (await kit.info()).migration;
    expect(space).toMatchObject({ since: null, problem: expect.stringContaining('migrate: false') as string });
    expect((await kit.identify(seen, old.home)).faces).toMatchObject([{ outcome: 'identified', name: 'Anna' }]);
  });

  // Anna has three templates of the new models, so without grace the old ones are deleted at the next start.
  await withKit({ migrate: { graceDays: 0 } }, async (kit) => {
    const { embeddingSpace } = await kit.info();
    await expect
      .poll(async () => (await kit.profiles.get(old.anna)).spaces, { timeout: 20_000 })
      .toEqual({ [embeddingSpace]: 3 });
    expect((await kit.identify(seen, old.home)).faces).toMatchObject([{ outcome: 'identified', name: 'Anna' }]);
  });
});
