/** This file describes the parameters of addresses that several features share. */
import { OUTCOME_ID as OUTCOME_ID_PATTERN } from '../kernel/ids.js';
import type { Described } from './call-spec.js';

const SLUG_SCHEMA = { type: 'string', pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$', maxLength: 64 };

export const PROGRAMME_ID: Described = {
  description: 'The id of a programme.',
  schema: SLUG_SCHEMA,
  example: 'lipid-management',
};
export const OUTCOME_ID: Described = {
  description: 'The id of an outcome: `<submission>.<line>`.',
  schema: { type: 'string', pattern: OUTCOME_ID_PATTERN.source },
  example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1',
};
