/** Runs the command line of this checkout, built first where its sources are newer than what was built. */
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, statSync, utimesSync } = require('node:fs');
const { join, resolve } = require('node:path');

const root = resolve(__dirname, '..');
const cli = join(root, 'dist', 'cli.js');
const built = join(root, 'dist', '.tsbuildinfo');

function newestMs(dir) {
  return Math.max(
    ...readdirSync(dir, { withFileTypes: true }).map((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? newestMs(path) : statSync(path).mtimeMs;
    }),
  );
}

if (!existsSync(cli) || newestMs(join(root, 'src')) > statSync(built).mtimeMs) {
  const startedAt = new Date();
  const nest = require.resolve('@nestjs/cli/bin/nest.js', { paths: [root] });
  const { status } = spawnSync(process.execPath, [nest, 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  // The compiler leaves this file alone where nothing but the sources' times had changed: without a new time
  // it would be run again before every command.
  utimesSync(built, startedAt, startedAt);
}
require(cli);
