/** Required by a process before anything else: writes which modules it had loaded when it ended to LOADED_MODULES. */
const { writeFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

if (isMainThread) {
  process.on('exit', () => {
    writeFileSync(process.env.LOADED_MODULES, Object.keys(require.cache).join('\n'));
  });
}
