import type { Portal } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import { reconnectUrlOf } from './connection-view.ts'

/** Says of a failure which connection it is about and, where consent is the remedy, where to go. */
export async function remedied<T>(
  portal: Pick<Portal, 'reconnectUrl'>,
  connectionId: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'not_found') throw error
    const connectUrl =
      error.code === 'consent_required' ? reconnectUrlOf(portal, connectionId) : undefined
    throw new ServiceError(error.code, {
      ...error.extras,
      connectionId,
      ...(connectUrl === undefined ? {} : { connectUrl }),
    })
  }
}
