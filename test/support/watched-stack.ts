import { type Stack, type StackOptions, startStack as start } from '../../scripts/stack/stack.ts'
import { spreadNet } from './leak-net.ts'

/** Starts a stack whose `close` throws an error when a secret got out meanwhile. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const stack = await start(options)
  const net = await spreadNet(stack)
  return {
    ...stack,
    async close() {
      await net.beforeEnd()
      await stack.close()
      await net.afterEnd()
    },
  }
}
