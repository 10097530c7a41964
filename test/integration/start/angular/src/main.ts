import { Component, CUSTOM_ELEMENTS_SCHEMA, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { createFaceKit, type Collection, type FaceKit } from 'inface';
import { defineFaceCamera } from 'inface/camera';

defineFaceCamera();

@Component({
  selector: 'app-root',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <face-camera
      #camera
      autostart
      [kit]="kit()"
      [attr.collection]="team()?.id"
      (identified)="text.set('Hello ' + $event.detail.identification.name)"
      (noface)="text.set('')"
    ></face-camera>
    <form (submit)="$event.preventDefault(); remember(camera.video, person.value)">
      <label>Your name <input #person required /></label>
      <button [disabled]="!team()">Remember me</button>
    </form>
    <output>{{ text() }}</output>
  `,
})
class App {
  readonly kit = signal<FaceKit | null>(null);
  readonly team = signal<Collection | null>(null);
  readonly text = signal('');

  async ngOnInit() {
    const kit = await createFaceKit();
    const [team] = await kit.collections.list();
    this.team.set(team ?? (await kit.collections.create('Team')));
    this.kit.set(kit);
  }

  async remember(video: HTMLVideoElement, name: string) {
    const { images } = await this.kit()!.enroll([video], { name, collectionId: this.team()!.id });
    for (const image of images) if (image.outcome === 'rejected') this.text.set(image.reasons.join(', '));
  }
}

await bootstrapApplication(App);
