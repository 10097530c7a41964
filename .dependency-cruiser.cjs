/**
 * The walls between the rooms: who may import whom. src/README.md says why.
 *
 * Type imports count: a type that knows another room is knowledge of that room.
 */

const API = '^src/api/';
const CONTRACT = '^src/(api|wire)/';
const VALIBOT = '(^|/)node_modules/valibot/';

/**
 * A module outside the repository that only one file of src may import.
 * @param {string} name of the npm package
 * @param {string} files pattern of the files that may
 */
const onlyIn = (name, files) => ({
  name: `only-import-of-${name}`,
  comment: `Everything else goes through the file that wraps ${name}.`,
  severity: 'error',
  from: { path: '^(src|demo)/', pathNot: files },
  to: { path: `(^|/)node_modules/${name}/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two modules that import each other are one module in two files.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'A module that cannot be found hides behind it whatever it imports.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'contract-is-the-bottom',
      comment: 'Types, errors and the wire are seen by both threads and know neither.',
      severity: 'error',
      from: { path: CONTRACT },
      to: { pathNot: CONTRACT },
    },
    {
      name: 'pure-rooms-stand-alone',
      comment: 'vision and recognition are computations: they know errors and types, and no other room or package.',
      severity: 'error',
      from: { path: '^src/(vision|recognition)/' },
      to: { pathNot: ['^src/$1/', API] },
    },
    {
      name: 'liveness-knows-points-only',
      comment: 'It is a computation on landmarks and verdicts: vision knows where a head points to.',
      severity: 'error',
      from: { path: '^src/liveness/' },
      to: { pathNot: ['^src/(liveness|vision)/', API] },
    },
    {
      name: 'schema-knows-valibot-only',
      comment: 'What all schemas share, seen by both threads.',
      severity: 'error',
      from: { path: '^src/schema/' },
      to: { pathNot: ['^src/schema/', VALIBOT] },
    },
    {
      name: 'models-know-vision-only',
      comment: 'A model adapter turns tensors into domain types; running the model is given to it.',
      severity: 'error',
      from: { path: '^src/models/' },
      to: { pathNot: ['^src/(models|schema|vision)/', API, VALIBOT] },
    },
    {
      name: 'client-knows-the-contract-only',
      comment: "The page's side talks to the worker over the wire: what it imports ends in the page's bundle.",
      severity: 'error',
      from: { path: '^src/client/', pathNot: '^src/client/(frameworks|liveness|rest)/' },
      to: { path: '^src/', pathNot: ['^src/client/', CONTRACT] },
    },
    {
      name: 'the-challenge-runs-on-the-page',
      comment: 'It needs one number per point and frame; a session in the worker would be a second thing that can die.',
      severity: 'error',
      from: { path: '^src/client/liveness/' },
      to: { path: '^src/', pathNot: ['^src/(client|liveness)/', CONTRACT] },
    },
    {
      name: 'rest-knows-the-kit-by-its-interface',
      comment: 'An entry of its own: it can be deleted, or used with another kit, without touching the rest.',
      severity: 'error',
      from: { path: '^src/client/rest/' },
      to: { pathNot: ['^src/client/rest/', '^src/schema/', API, '^src/wire/rest\\.ts$', VALIBOT] },
    },
    {
      name: 'fleet-knows-the-kit-by-its-interface',
      comment: 'Replication can be deleted, or used with another kit, without touching the rest.',
      severity: 'error',
      from: { path: '^src/fleet/' },
      to: { pathNot: ['^src/fleet/', API, '(^|/)node_modules/(@nats-io|idb)/'] },
    },
    {
      name: 'no-room-knows-the-fleet',
      comment: 'It is an entry of its own, and so is what it loads.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/fleet/' },
      to: { path: '^src/fleet/' },
    },
    {
      name: 'only-import-of-nats',
      comment: 'Everything else goes through the file that wraps it.',
      severity: 'error',
      from: { path: '^(src|demo)/', pathNot: '^src/fleet/nats\\.ts$' },
      to: { path: '(^|/)node_modules/@nats-io/' },
    },
    {
      name: 'frameworks-use-the-public-entries',
      comment: 'A wrapper adds what a framework needs to the page and the camera, and can be written by users as well.',
      severity: 'error',
      from: { path: '^src/client/frameworks/' },
      to: {
        path: '^src/',
        pathNot: ['^src/client/frameworks/', '^src/index\\.ts$', '^src/client/camera/camera-element\\.ts$'],
      },
    },
    {
      name: 'service-worker-knows-its-wire-only',
      comment: 'It passes requests on, and its script must stay small and alone in its file.',
      severity: 'error',
      from: { path: '^src/service-worker/' },
      to: { pathNot: ['^src/service-worker/', '^src/wire/rest\\.ts$'] },
    },
    {
      name: 'index-only-re-exports-the-client',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { pathNot: ['^src/client/', API] },
    },
    {
      name: 'global-puts-entries-together',
      comment: 'The script for pages without modules has what the entries have, and where it lies.',
      severity: 'error',
      from: { path: '^src/global\\.ts$' },
      to: { pathNot: ['^src/index\\.ts$', '^src/client/(camera/camera-element|rest/rest)\\.ts$'] },
    },
    {
      name: 'worker-never-knows-the-page',
      severity: 'error',
      from: { path: '^src/worker/' },
      to: { path: '^src/(client/|index\\.ts$)' },
    },
    {
      name: 'engine-sees-interfaces',
      comment: 'The use cases are given their implementations by main.ts, so that they run in Node with plain arrays.',
      severity: 'error',
      from: { path: '^src/worker/use-cases/' },
      to: {
        pathNot: ['^src/(models|vision|recognition|liveness)/', '^src/worker/(use-cases|ports)/', CONTRACT],
      },
    },
    {
      name: 'src-knows-no-tool-and-no-test',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(bench|demo|lab|test|tools)/|^vite\\.config\\.ts$' },
    },
    {
      name: 'src-runs-in-browsers',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'src-bundles-only-these-packages',
      comment: 'The package has no dependencies: what it uses is bundled, and each addition is a decision.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/client/frameworks/' },
      to: {
        path: '(^|/)node_modules/',
        pathNot: '(^|/)node_modules/(@nats-io|comlink|idb|onnxruntime-web|valibot)/',
      },
    },
    onlyIn('comlink', '^src/(client/kit|worker)/[^/]+$'),
    onlyIn('idb', '^(src/worker/store/database/|src/fleet/journal-db\\.ts$|demo/kiosk/(log|outbox)\\.ts$)'),
    {
      name: 'store-knows-vectors-and-no-use-case',
      comment:
        'It keeps what it is given. What a template is it knows from recognition, and nothing of frames or models.',
      severity: 'error',
      from: { path: '^src/worker/store/' },
      to: {
        path: '^src/',
        pathNot: ['^src/worker/(store|ports)/', '^src/(recognition|schema)/', API],
      },
    },
    {
      name: 'platform-wraps-the-browser',
      comment: 'It implements what the use cases ask for, and knows neither the store nor the page.',
      severity: 'error',
      from: { path: '^src/worker/platform/' },
      to: {
        path: '^src/',
        pathNot: ['^src/worker/(platform|ports|use-cases)/', '^src/(models|vision)/', CONTRACT],
      },
    },
    ...['react', 'vue', 'preact', 'solid-js'].map((name) =>
      onlyIn(name, `^src/client/frameworks/(jsx/)?${name.replace('-js', '')}\\.ts$`),
    ),
    {
      name: 'frameworks-bundle-nothing',
      comment: 'The frameworks are peers, and the wrappers stay small.',
      severity: 'error',
      from: { path: '^src/client/frameworks/' },
      to: {
        path: '(^|/)node_modules/',
        pathNot: '(^|/)node_modules/(react|@types/react|vue|preact|solid-js)/',
      },
    },
    onlyIn('valibot', '^src/(schema|models|client/rest|worker/store|worker/platform)/'),
    onlyIn('onnxruntime-web', '^src/worker/platform/'),
    {
      name: 'demo-uses-the-public-entries',
      comment: 'The demo shows what a user of the package can do, and with the same imports.',
      severity: 'error',
      from: { path: '^demo/' },
      to: { path: '^(src|test|tools)/', pathNot: '^src/(index\\.ts|client/camera/|fleet/fleet\\.ts)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Projects of users, whose packages are not installed here.
    exclude: { path: '^test/integration/[^/]+/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'browser', 'default'],
      extensions: ['.ts', '.mts', '.d.ts', '.js', '.mjs', '.json'],
    },
  },
};
