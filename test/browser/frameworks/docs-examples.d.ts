/** The examples of docs/frameworks.md, as `tools/docs-examples.ts` serves them. */
declare module '*?example=tsx' {
  import type { ComponentType } from 'react';
  export const Greeting: ComponentType<{ readonly team: string }>;
}
declare module '*?example=vue' {
  import type { Component } from 'vue';
  const Greeting: Component;
  export default Greeting;
}
declare module '*?example=svelte' {
  import type { Component } from 'svelte';
  const Greeting: Component<{ team: string }>;
  export default Greeting;
}
