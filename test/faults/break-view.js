/**
 * Loaded into a ledger and its threads before anything else: a view with a bug, which throws at any outcome of the
 * quantity in BROKEN_AT, and an older version, which does not know the schema in UNKNOWN_SCHEMA.
 */
'use strict';
const { CellsProjection } = require('../../dist/read-models/cells-projection.js');
const upcasting = require('../../dist/domain/upcast.js');

const { BROKEN_AT, UNKNOWN_SCHEMA } = process.env;
const { apply } = CellsProjection.prototype;
CellsProjection.prototype.apply = function (event, ...rest) {
  if (event.data.quantity === Number(BROKEN_AT)) throw new Error('the view has a bug');
  return apply.call(this, event, ...rest);
};

const { upcast, UnknownSchema } = upcasting;
upcasting.upcast = (event) => {
  if (event.metadata.schema === UNKNOWN_SCHEMA) throw new UnknownSchema(event);
  return upcast(event);
};
