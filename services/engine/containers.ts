import type { Container } from 'dockerode';
import { ifPresent, isStatus } from './host.ts';

/** Removes a container, running or not, with its anonymous volumes, which carry no label to find them by later. */
export async function removeContainer(container: Container): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await ifPresent(container.remove({ force: true, v: true }));
      return;
    } catch (error) {
      // 409: the engine is removing it already; it is gone when it answers 404.
      if (!isStatus(error, 409) || attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
