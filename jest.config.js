const swc = (syntax) => [
  '@swc/jest',
  {
    jsc: {
      parser: { ...syntax, decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/** Everything, Nest's ES modules included, is compiled to CommonJS, so jest needs no flag. */
module.exports = {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '\\.ts$': swc({ syntax: 'typescript' }),
    '\\.m?js$': swc({ syntax: 'ecmascript' }),
  },
  // Sources name each other with the extension they are compiled to.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'] },
  // Generated protobuf code is large, and CommonJS as it is.
  transformIgnorePatterns: ['/node_modules/(@eventstore/db-client|@grpc/grpc-js|google-protobuf)/'],
  // Worker threads and whole processes run the compiled app; it is built once before all tests.
  globalSetup: '<rootDir>/test/build.js',
  testTimeout: 180_000,
  // What a failed test leaves open must not keep the run from ending.
  forceExit: true,
};
