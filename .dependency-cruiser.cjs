/** Imports run one way: kernel ← deciders, merkle ← store ← projections ← reports ← app, with no cycles and no barrels. */
const kernel = '^src/kernel/';
const deciders =
  '^src/(catalogue/(programme|organisation|measure)|submissions/(outcome|submission)|access/(role|key))\\.ts$';
/** The log's arithmetic and formats, and the checker, which trusts nothing but these. */
const merkle =
  '^src/audit/(merkle|tiles|note|checkpoint|proof|proof-check|entry|erased-events|bundle-format|bundle-line|bundle-check|canonical-bytes|each-line|event-line|event-members|event-order|figure-check|policy|der|scope-check|signature-check|since-check|timestamp|verdict|verify-file|witness)\\.ts$';
const store = '^src/store/';
const projections = '^src/projections/';
const reports = '^src/reports/';
/** Where the framework is met: these may import any layer. */
const edge = '\\.(controller|handler|module|dto|views|calls)\\.ts$';

const mayImportOnly = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: edge },
  to: { path: '^src/', pathNot: allowed.join('|') },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^src/.*/index\\.ts$' } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '^src/(main|cli|verify)\\.ts$|-worker\\.ts$|-writer\\.ts$' },
      to: {},
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    mayImportOnly('kernel-stands-alone', kernel, [kernel]),
    mayImportOnly('deciders-are-pure', deciders, [kernel, deciders]),
    mayImportOnly('merkle-is-pure', `${merkle}|^src/verify\\.ts$`, [kernel, merkle]),
    {
      name: 'deciders-without-framework',
      severity: 'error',
      from: { path: [kernel, deciders] },
      to: { path: 'node_modules/@nestjs' },
    },
    {
      name: 'merkle-without-packages',
      severity: 'error',
      from: { path: merkle },
      to: { path: 'node_modules' },
    },
    mayImportOnly('store-below-projections', store, [kernel, deciders, store]),
    mayImportOnly('projections-below-reports', projections, [kernel, deciders, merkle, store, projections]),
    // How the shape of an answer is declared is all that reports know of HTTP.
    mayImportOnly('reports-below-app', reports, [
      kernel,
      deciders,
      merkle,
      store,
      projections,
      reports,
      '^src/http/(decorators|answers)\\.ts$',
    ]),
    {
      name: 'adapters-are-picked-in-one-place',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(core\\.module|store/(backup-file|open-reader|open-store|sqlite-[a-z]+|eventstore-[a-z]+))\\.ts$',
      },
      to: { path: '^src/store/(sqlite|eventstore)-' },
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
