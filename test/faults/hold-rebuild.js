/** Loaded into a ledger and its threads before anything else: the projector projects nothing until REBUILD_GOES_ON is there. */
'use strict';
const { existsSync } = require('node:fs');
const { Projector } = require('../../dist/read-models/projector.js');

const { projectRun } = Projector.prototype;
Projector.prototype.projectRun = function (...run) {
  const looked = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(process.env.REBUILD_GOES_ON)) Atomics.wait(looked, 0, 0, 20);
  return projectRun.apply(this, run);
};
