/** Of a part of an address: what is not encoded rightly is taken as it stands. */
export const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
};
