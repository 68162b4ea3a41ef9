import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import type { ConfigFiles, FileReading } from './files.ts'

/** The files of this machine. Text must be UTF-8; permission bits are those of the file that was read. */
export const diskFiles: ConfigFiles = {
  read(path) {
    let descriptor: number
    try {
      descriptor = openSync(path, 'r')
    } catch (error) {
      return isMissing(error) ? 'missing' : 'unreadable'
    }
    try {
      return readOpen(descriptor)
    } catch {
      return 'unreadable'
    } finally {
      closeSync(descriptor)
    }
  },
}

function readOpen(descriptor: number): FileReading {
  const { mode } = fstatSync(descriptor)
  const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor))
  return { text, mode: mode & 0o777 }
}

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  (error.code === 'ENOENT' || error.code === 'ENOTDIR')
