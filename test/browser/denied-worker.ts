/** The worker of the kit where storage is denied. */
import './deny-storage.js';
import '../../src/worker/main.js';
