"""What has to run: the database server, Airflow; started when needed, left as it was found."""
