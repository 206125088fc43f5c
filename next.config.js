/** Builds for tests go elsewhere, so that they never disturb a running `npm start`. */
const distDir = process.env['NEXT_DIST_DIR'] ?? '.next';

/** @type {import('next').NextConfig} */
const config = {
  distDir,
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  // `npm run types` checks the types of everything, tests included.
  typescript: { ignoreBuildErrors: true },
  serverExternalPackages: ['@electric-sql/pglite', 'pglite-prisma-adapter', 'pg'],
  turbopack: {
    // monaco-yaml names a path that monaco-editor's exports no longer have.
    resolveAlias: { 'monaco-editor/esm/vs/editor/editor.worker.js': 'monaco-editor/editor/editor.worker.js' },
  },
};

export default config;
