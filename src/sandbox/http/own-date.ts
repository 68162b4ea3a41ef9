import type { Response } from 'express'
import type { Context } from '../context.ts'

/** Sets the `Date` header, against which portals measure their clock, to the sandbox's time. */
export const setOwnDate = ({ now }: Context, res: Response): void => {
  res.setHeader('Date', new Date(now()).toUTCString())
}
