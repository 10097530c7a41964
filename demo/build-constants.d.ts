/** Filled in by the build, see vite.config.ts. */

/** Address of the project's repository, without a slash at its end; empty where the build does not know it. */
declare const __HOME__: string;
