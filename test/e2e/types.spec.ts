/** The declarations of the built package in projects of users: compilers, module resolutions and frameworks. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { test, expect } from '@playwright/test';
import type typescript from 'typescript';
import { ROOT } from './places.js';

const OLDEST = 'test/versions/oldest/node_modules';
const ts = createRequire(import.meta.url)(join(ROOT, OLDEST, 'typescript')) as typeof typescript;
/** Those of the frameworks are not ours, and do not compile with each version of TypeScript. */
const OURS = /^(\w+\.tsx?|node_modules\/inface\/.+)$/;
const RESOLUTIONS = [
  { module: 'ESNext', moduleResolution: 'bundler' },
  { module: 'Node16', moduleResolution: 'node16' },
  { module: 'NodeNext', moduleResolution: 'nodenext' },
];
const OPTIONS = {
  target: 'ES2022',
  jsx: 'react-jsx',
  strict: true,
  skipDefaultLibCheck: true,
  noEmit: true,
  types: [],
};

const CORE = `
  import { createFaceKit, type FaceKit } from 'inface';
  import { defineFaceCamera, type FaceCamera } from 'inface/camera';
  import { createRestHandler } from 'inface/rest';
  import { mountRest } from 'inface/service-worker';
  import { faceCamera, faceKit, type KitState } from 'inface/svelte';
  defineFaceCamera();
  const kit: FaceKit = await createFaceKit();
  const camera: FaceCamera = document.querySelector('face-camera')!;
  camera.kit = kit;
  camera.addEventListener('identified', ({ detail }) => detail.identification.name?.toUpperCase());
  faceKit({ backend: 'wasm' }).subscribe(({ kit }: KitState) => faceCamera(camera, { kit, landmarks: 68 }));
  // @ts-expect-error The store has the progress.
  faceKit({ onProgress: () => undefined });
  export const entries = [createRestHandler, mountRest];
`;

const REACT = `
  import type {} from 'inface/jsx/react';
  import { useRef, useState } from 'react';
  import type { FaceCamera as FaceCameraElement } from 'inface/camera';
  import { FaceCamera, useFaceKit, useTracker } from 'inface/react';
  export function Page({ id }: { id: string | undefined }) {
    const ref = useRef<FaceCameraElement>(null);
    const [video, setVideo] = useState<HTMLVideoElement | null>(null);
    const { kit, error, progress } = useFaceKit({ backend: 'wasm' });
    const { result } = useTracker(kit, video, { maxFaces: 1 });
    return (
      <>
        <video ref={setVideo} data-faces={result?.faces.length} />
        <FaceCamera
          kit={kit}
          collection={id}
          autostart
          className="wide"
          ref={ref}
          onClick={({ currentTarget }) => currentTarget.stop()}
          onIdentified={({ detail }) => detail.identification.name?.toUpperCase()}
        />
        <face-camera kit={kit} collection="team" autostart className="wide" ref={ref} onface={(e) => e.detail.faces} />
        {/* @ts-expect-error */}
        <FaceCamera colection="team" />
        {/* @ts-expect-error */}
        <face-camera spoof="always" />
        {error?.code} {progress?.loaded}
      </>
    );
  }
`;

const PREACT = `
  import type {} from 'inface/jsx/preact';
  import type { FaceKit } from 'inface';
  export const page = (kit: FaceKit) => (
    <>
      <face-camera kit={kit} class="wide" autostart onidentified={({ detail }) => detail.identification.name} />
      {/* @ts-expect-error */}
      <face-camera spoof="always" />
    </>
  );
`;

const SOLID = `
  import type {} from 'inface/jsx/solid';
  import type { FaceKit } from 'inface';
  export const page = (kit: FaceKit, id: string) => (
    <>
      <face-camera
        prop:kit={kit}
        attr:collection={id}
        attr:autostart
        class="wide"
        on:identified={({ detail }) => detail.identification.name}
      />
      {/* @ts-expect-error */}
      <face-camera attr:spoof="always" />
    </>
  );
`;

const VUE = `
  import { h, shallowRef, type GlobalComponents } from 'vue';
  import { FaceCamera, useFaceKit, useTracker } from 'inface/vue';
  export function setup() {
    const { kit, error, progress } = useFaceKit(() => ({ backend: 'wasm' }));
    const video = shallowRef<HTMLVideoElement | null>(null);
    const { result } = useTracker(kit, video, { maxFaces: 1 });
    const component: GlobalComponents['FaceCamera'] = FaceCamera;
    // @ts-expect-error There is no such policy.
    h(component, { spoof: 'always' });
    return [
      h(FaceCamera, { kit: kit.value, class: 'wide', onIdentified: ({ detail }) => detail.identification.name }),
      error.value?.code,
      progress.value?.loaded,
      result.value?.faces,
    ];
  }
`;

interface Project {
  readonly files: Readonly<Record<string, string>>;
  /** Our folders by the name that the project has for them. */
  readonly packages: Readonly<Record<string, string>>;
}

const JSX_FILES = {
  'react.tsx': REACT,
  'preact.tsx': `/** @jsxImportSource preact */${PREACT}`,
  'solid.tsx': `/** @jsxImportSource solid-js */${SOLID}`,
};
const packagesIn = (folder: string, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, `${folder}/${name}`]));
const projectsIn = (folder: string, age: string): Readonly<Record<string, Project>> => ({
  [`with the ${age} React, Preact and Solid`]: {
    files: JSX_FILES,
    packages: packagesIn(folder, ['@types/react', 'preact', 'solid-js']),
  },
  // By itself, because the JSX types of its oldest version contradict React's.
  [`with the ${age} Vue`]: { files: { 'vue.ts': VUE }, packages: packagesIn(folder, ['vue']) },
});

const PROJECTS: Readonly<Record<string, Project>> = {
  'without a framework': { files: { 'core.ts': CORE }, packages: {} },
  ...projectsIn(OLDEST, 'oldest'),
  ...projectsIn('node_modules', 'newest'),
};

for (const [name, { files, packages }] of Object.entries(PROJECTS)) {
  for (const resolution of RESOLUTIONS) {
    test(`compiles ${name}, resolved as by ${resolution.moduleResolution}`, () => {
      const project = mkdtempSync(join(tmpdir(), 'inface-types-'));
      try {
        const modules = join(project, 'node_modules');
        // A copy, which finds the packages of this project and not ours.
        for (const path of ['package.json', 'dist/types']) {
          cpSync(join(ROOT, path), join(modules, 'inface', path), { recursive: true });
        }
        for (const [packageName, folder] of Object.entries(packages)) {
          mkdirSync(dirname(join(modules, packageName)), { recursive: true });
          symlinkSync(join(ROOT, folder), join(modules, packageName), 'junction');
        }
        for (const [file, code] of Object.entries(files)) writeFileSync(join(project, file), code);
        writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
        const compilerOptions = { ...OPTIONS, ...resolution };
        writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
        expect(errorsOfOldest(project), 'the oldest compiler').toEqual([]);
        expect(errorsOfNewest(project), 'the newest compiler').toEqual([]);
      } finally {
        rmSync(project, { recursive: true });
      }
    });
  }
}

/** Checks our files alone, because all others take several times as long. */
function errorsOfOldest(folder: string): string[] {
  // As the compiler names files behind symbolic links.
  const project = realpathSync(folder);
  const { config } = ts.readConfigFile(join(project, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  const program = ts.createProgram(fileNames, options);
  const ours = program.getSourceFiles().filter(({ fileName }) => OURS.test(relative(project, fileName)));
  expect(ours.length).toBeGreaterThan(fileNames.length);
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ];
  return found.map((error) => ts.formatDiagnostic(error, ts.createCompilerHost(options)));
}

/** This compiler has no interface but its command line, so it checks all files. */
function errorsOfNewest(project: string): string[] {
  const tsc = join(ROOT, 'test/versions/newest/node_modules/typescript/bin/tsc');
  // Started in the project, so that its files are named as OURS names them.
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '--pretty', 'false'], {
    cwd: project,
    encoding: 'utf8',
  });
  const found = stdout.split('\n').filter((line) => OURS.test(/^(.+?)\(\d+,\d+\): error/.exec(line)?.[1] ?? ''));
  return stderr === '' ? found : [...found, stderr];
}
