package capture

// DefaultPort is the port of PostgreSQL (src/include/pg_config.h, DEF_PGPORT).
const DefaultPort = 5432

func (o Options) port() uint16 {
	if o.Port == 0 {
		return DefaultPort
	}
	return o.Port
}
