import { Component, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { createFaceKit } from 'inface';
import { nameFaces } from './people.js';

@Component({ selector: 'app-root', template: '<output>{{ names() }}</output>' })
class App {
  readonly names = signal('');

  async ngOnInit() {
    const kit = await createFaceKit();
    this.names.set(await nameFaces(kit));
  }
}

await bootstrapApplication(App);
