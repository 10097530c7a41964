/** Sets of people: all of them, or at `#/collections/ID` one. */
import type { View } from '../../context.js';
import { createOneCollection } from './collections-one.js';
import { createOverview } from './collections-overview.js';
import './collections.css';

export const mount: View = (host, context, [id]) =>
  id === undefined || id === '' ? createOverview(host, context) : createOneCollection(host, context, id);
