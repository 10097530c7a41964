/** The parts of npm's packages without types that the build of the models uses. */
declare module '@npmcli/config' {
  export default class Config {
    constructor(options: object);
    /** All options, with the names and types that npm's packages take. */
    readonly flat: { readonly registry: string; readonly retry: object };
    load(): Promise<void>;
  }
}

declare module '@npmcli/config/lib/definitions/index.js' {
  /** The options of npm, and the rules by which they become the options of its packages. */
  const definitions: object;
  export default definitions;
}
