const { execFileSync } = require('node:child_process');

/** Builds what worker threads and processes run, before any test. */
module.exports = () => {
  execFileSync(process.execPath, [require.resolve('@nestjs/cli/bin/nest.js'), 'build'], { stdio: 'inherit' });
};
