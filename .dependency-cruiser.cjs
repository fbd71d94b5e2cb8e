/**
 * Imports run one way, folder to folder. Each line names a folder (or one of the files that stand beside the folders)
 * and the folders that it may import, beside itself. A file that starts a process may be imported by nothing.
 */
const LAYERS = {
  kernel: [],
  domain: ['kernel'],
  tlog: ['kernel'],
  checker: ['kernel', 'domain', 'tlog'],
  store: ['kernel', 'domain', 'tlog'],
  files: ['kernel', 'domain'],
  'config.ts': ['kernel', 'tlog', 'store'],
  'memory.ts': [],
  'read-models': ['kernel', 'domain', 'tlog', 'store'],
  api: ['kernel', 'domain', 'store', 'config.ts', 'read-models'],
  figures: ['kernel', 'domain', 'store', 'read-models', 'api'],
  access: ['kernel', 'domain', 'store', 'config.ts', 'read-models', 'api'],
  catalogue: ['kernel', 'domain', 'store', 'read-models', 'api'],
  submissions: [
    'kernel',
    'domain',
    'store',
    'files',
    'config.ts',
    'memory.ts',
    'read-models',
    'figures',
    'api',
  ],
  reports: ['kernel', 'domain', 'store', 'config.ts', 'read-models', 'figures', 'api'],
  audit: ['kernel', 'domain', 'tlog', 'checker', 'store', 'config.ts', 'read-models', 'figures', 'api'],
  operation: ['kernel', 'domain', 'store', 'config.ts', 'read-models', 'api', 'audit'],
  http: ['kernel', 'domain', 'config.ts', 'read-models', 'api', 'access', 'operation'],
  cli: [
    'kernel',
    'domain',
    'tlog',
    'checker',
    'store',
    'files',
    'config.ts',
    'read-models',
    'figures',
    'api',
    'access',
    'catalogue',
    'submissions',
    'reports',
    'audit',
  ],
};
/** Pure folders: rules and formats know no framework, no driver and no other package. */
const WITHOUT_PACKAGES = ['domain', 'tlog', 'checker'];

const pathOf = (layer) => (layer.endsWith('.ts') ? `^src/${layer}$` : `^src/${layer}/`);

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^src/.*/index\\.ts$' } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '^src/(main|cli|checker/verify)\\.ts$|-worker\\.ts$|writer\\.ts$' },
      to: {},
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(LAYERS).map(([layer, below]) => ({
      name: `${layer}-imports-what-is-below`,
      severity: 'error',
      from: { path: pathOf(layer) },
      to: { path: '^src/', pathNot: [layer, ...below].map(pathOf).join('|') },
    })),
    ...WITHOUT_PACKAGES.map((layer) => ({
      name: `${layer}-without-packages`,
      severity: 'error',
      from: { path: pathOf(layer) },
      to: { path: 'node_modules' },
    })),
    {
      name: 'adapters-are-picked-in-the-store',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: '^src/store/(sqlite|eventstore)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'import', 'default'],
    },
  },
};
