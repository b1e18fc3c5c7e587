/** In the data folder: the certificate of the authority of `--tls local`, in PEM, for clients. */
export const authorityFile = "ca.pem";
