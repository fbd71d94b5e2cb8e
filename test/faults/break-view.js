/**
 * Loaded into a ledger and its threads before anything else: a view with a bug, which throws at any outcome of the
 * quantity in BROKEN_AT, and an older version, which does not know the schema in UNKNOWN_SCHEMA.
 */
'use strict';
const { CELLS } = require('../../dist/read-models/cells.js');
const upcasting = require('../../dist/domain/upcast.js');

const { BROKEN_AT, UNKNOWN_SCHEMA } = process.env;
const { project } = CELLS;
CELLS.project = (db) => {
  const projection = project(db);
  const { handlers } = projection;
  const outcome = (event, at) => {
    if (event.data.facts.quantity === Number(BROKEN_AT)) throw new Error('the view has a bug');
    handlers['outcome@2'](event, at);
  };
  return {
    handlers: { ...handlers, 'outcome@2': outcome },
    flush: () => projection.flush?.(),
    forget: () => projection.forget(),
  };
};

const { upcast, UnknownSchema } = upcasting;
upcasting.upcast = (event) => {
  if (event.metadata.schema === UNKNOWN_SCHEMA) throw new UnknownSchema(event);
  return upcast(event);
};
