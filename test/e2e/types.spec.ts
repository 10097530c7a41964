/** The declarations of the built package in projects of users: compilers, module resolutions and frameworks. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { test, expect } from '@playwright/test';
import { ROOT } from './places.js';

const OLDEST = 'test/versions/oldest/node_modules';
const COMPILERS = [`${OLDEST}/typescript`, 'test/versions/newest/node_modules/typescript'];
const RESOLUTIONS = [
  { module: 'ESNext', moduleResolution: 'bundler' },
  { module: 'Node16', moduleResolution: 'node16' },
  { module: 'NodeNext', moduleResolution: 'nodenext' },
];
const OPTIONS = { target: 'ES2022', jsx: 'react-jsx', strict: true, skipLibCheck: false, noEmit: true, types: [] };

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

const FRAMEWORKS = {
  'react.tsx': REACT,
  'preact.tsx': `/** @jsxImportSource preact */${PREACT}`,
  'solid.tsx': `/** @jsxImportSource solid-js */${SOLID}`,
  'vue.ts': VUE,
};
const packagesIn = (folder: string) =>
  Object.fromEntries(['@types/react', 'preact', 'solid-js', 'vue'].map((name) => [name, `${folder}/${name}`]));

const PROJECTS: Readonly<Record<string, Project>> = {
  'without a framework': { files: { 'core.ts': CORE }, packages: {} },
  'with the oldest frameworks': { files: FRAMEWORKS, packages: packagesIn(OLDEST) },
  'with the newest frameworks': { files: FRAMEWORKS, packages: packagesIn('node_modules') },
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
        for (const compiler of COMPILERS) {
          const tsc = join(ROOT, compiler, 'bin/tsc');
          const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
          // Those of the frameworks are not ours, and do not compile with each version of TypeScript.
          const ours = stdout.split('\n').filter((line) => /^(\w+\.tsx?|node_modules\/inface\/.+)\(/.test(line));
          expect([...ours, stderr].join(''), compiler).toBe('');
        }
      } finally {
        rmSync(project, { recursive: true });
      }
    });
  }
}
