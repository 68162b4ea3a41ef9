import { spawnSync } from 'node:child_process'

/** Setup cannot go on by itself: what is wrong, and the lines to follow, ready to be copied. */
export class SetupError extends Error {
  constructor(problem, ...lines) {
    super([`knoxgate setup: ${problem}`, ...lines].join('\n'))
  }
}

/** Tells a person what takes so long. Standard output belongs to the script that follows. */
export const say = (text) => console.error(`knoxgate setup: ${text}`)

/**
 * Runs a command and keeps its output to itself, unless it fails.
 *
 * @returns {boolean} Whether the command succeeded.
 */
export function runQuietly(command, args, options) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  })
  if (status === 0) return true
  console.error([stdout, stderr, error?.message].filter(Boolean).join('\n').trimEnd())
  return false
}
