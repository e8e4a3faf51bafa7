/** The answer within what a model wrote: without its thoughts and the marks of its chat template. */

const HARMONY_MESSAGE =
  /<\|channel\|>([^<]*)(?:<\|constrain\|>[^<]*)?<\|message\|>([\s\S]*?)(?=<\|(?:end|return|call|start|channel)\|>|$)/gu;
/** Some templates open the thoughts themselves, so that only their end is in the answer. */
const END_OF_THOUGHTS = /<\/(?:think|thinking|thought|reasoning|reflection)>/giu;

/** The best first: the text that is meant for the reader, then all of it, for answers that stand within the thoughts. */
export const answerTexts = (text: string): readonly string[] => {
  const whole = text.replace(/^\uFEFF/, '');
  return [...new Set([withoutThoughts(whole), ...messages(whole), whole].map((part) => part.trim()))].filter(
    (part) => part !== '',
  );
};

const withoutThoughts = (text: string): string => {
  const last = [...text.matchAll(END_OF_THOUGHTS)].at(-1);
  return last === undefined ? text : text.slice(last.index + last[0].length);
};

/** Of the harmony format: the final channel first, then calls of tools, thoughts last. */
const messages = (text: string): readonly string[] => {
  const found = [...text.matchAll(HARMONY_MESSAGE)].map(([, channel = '', content = '']) => ({
    channel: channel.trim(),
    content,
  }));
  return [
    ...found.filter(isFinal).toReversed(),
    ...found.filter((message) => !isFinal(message) && !isThought(message)).toReversed(),
  ].map(({ content }) => content);
};

interface Message {
  readonly channel: string;
}
const isFinal = ({ channel }: Message): boolean => channel.startsWith('final');
const isThought = ({ channel }: Message): boolean => channel.startsWith('analysis');
