/** The care of what is stored: how much it is, backups, the lock, the audit trail, erasure. */
import { html, nothing, render } from 'lit';
import type { View } from '../../context.js';
import { createAudit } from './data-audit.js';
import { createBackup } from './data-backup.js';
import { createErasure } from './data-erase.js';
import { createFleetCard } from './data-fleet.js';
import { createStorage } from './data-storage.js';
import { createVault } from './data-vault.js';
import './data.css';

export const mount: View = (host, context) => {
  const { texts, kit, library, fleet } = context;
  let isGone = false;
  const endings: (() => void)[] = [];
  render(
    html`<h1 tabindex="-1">${texts.data.title}</h1>
      <div class="columns">
        <div class="column">
          <section class="card backup" aria-labelledby="backup-title"></section>
          <section class="card storage" aria-labelledby="storage-title"></section>
          <section class="card audit" aria-labelledby="audit-title"></section>
        </div>
        <div class="column">
          <section class="card vault" aria-labelledby="vault-title"></section>
          ${
            fleet.servers.length > 0
              ? html`<section class="card fleet" aria-labelledby="fleet-title"></section>`
              : nothing
          }
          <section class="card erase" aria-labelledby="erase-title"></section>
        </div>
      </div>`,
    host,
  );
  const find = (selector: string) => host.querySelector(selector) as HTMLElement;
  const storage = createStorage(find('.storage'), context);
  const audit = createAudit(find('.audit'), context);
  const vault = createVault(find('.vault'), context, changed);
  createBackup(find('.backup'), context, changed);
  createErasure(find('.erase'), context, changed);
  if (fleet.servers.length > 0) endings.push(createFleetCard(find('.fleet'), context));

  /** Not all that changes the figures and the trail has an event. */
  function changed(): void {
    if (isGone) return;
    storage.refresh();
    audit.refresh();
    vault.refresh();
  }

  // The names of the trail, and the numbers.
  endings.push(library.onChange(changed));
  void kit.ready().then((ready) => {
    if (isGone) return;
    endings.push(ready.on('vault', changed));
    changed();
  });
  return () => {
    isGone = true;
    for (const end of endings) end();
  };
};
