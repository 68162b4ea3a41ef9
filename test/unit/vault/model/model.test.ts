import { expect, it } from '@jest/globals'
import { readPlay } from './play.ts'
import { runModel } from './run.ts'

const play = readPlay(process.env.MODEL ?? '', 200)

it('loses no token that reached a process, spends none blindly, and always tells the truth', async () => {
  process.stderr.write(`vault model: ${play.runs} runs, seed ${play.seed}\n`)

  const { failure } = await runModel(play)

  expect(failure).toBeNull()
}, 180_000)
