export const EncodePanel = () => null; export const FirstRun = () => null
