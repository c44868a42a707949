use super::*;

fn settings() -> Settings {
    Settings::new(defaults(&[]).unwrap())
}

fn set(settings: &mut Settings, name: &str, text: &str) -> Result<String> {
    settings.set(name, text, Scope::Session, Authority::User)
}

#[test]
fn values_are_shown_with_their_largest_unit() {
    let mut settings = settings();
    assert_eq!(settings.show("work_mem").unwrap(), "4MB");
    assert_eq!(set(&mut settings, "WORK_MEM", "65536").unwrap(), "64MB");
    assert_eq!(set(&mut settings, "statement_timeout", "90s").unwrap(), "90s");
    assert_eq!(set(&mut settings, "statement_timeout", "0.5 min").unwrap(), "30s");
    assert_eq!(settings.derived().statement_timeout_ms, 30_000);
}

#[test]
fn wrong_values_get_postgresqls_messages() {
    let mut settings = settings();
    let mut message = |name, text| {
        let error = set(&mut settings, name, text).unwrap_err();
        (error.code().to_string(), error.message().to_owned())
    };
    let expect = |code: &str, text: &str| (code.to_owned(), text.to_owned());
    assert_eq!(
        message("work_mem", "1kB"),
        expect(
            "22023",
            "1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)"
        )
    );
    assert_eq!(
        message("enable_seqscan", "maybe"),
        expect("22023", "parameter \"enable_seqscan\" requires a Boolean value")
    );
    assert_eq!(
        message("bytea_output", "octal"),
        expect("22023", "invalid value for parameter \"bytea_output\": \"octal\"")
    );
    assert_eq!(
        message("nonsense", "1"),
        expect("42704", "unrecognized configuration parameter \"nonsense\"")
    );
    assert_eq!(
        message("server_version", "16"),
        expect("55P02", "parameter \"server_version\" cannot be changed")
    );
    assert_eq!(
        message("max_connections", "16"),
        expect(
            "55P02",
            "parameter \"max_connections\" cannot be changed without restarting the server"
        )
    );
    assert_eq!(
        message("log_statement", "all"),
        expect("42501", "permission denied to set parameter \"log_statement\"")
    );
}

#[test]
fn only_the_default_of_an_unsupported_parameter_is_accepted() {
    let mut settings = settings();
    assert!(set(&mut settings, "array_nulls", "on").is_ok());
    let error = set(&mut settings, "array_nulls", "off").unwrap_err();
    assert_eq!(error.code(), sqlstate::FEATURE_NOT_SUPPORTED);
}

#[test]
fn local_values_end_with_the_transaction_and_others_with_a_rollback() {
    let mut settings = settings();
    set(&mut settings, "work_mem", "8MB").unwrap();
    let before = settings.snapshot();
    settings.set("work_mem", "1GB", Scope::Transaction, Authority::User).unwrap();
    assert_eq!(settings.show("work_mem").unwrap(), "1GB");
    settings.end_transaction();
    assert_eq!(settings.show("work_mem").unwrap(), "8MB");

    set(&mut settings, "work_mem", "2GB").unwrap();
    settings.restore(before);
    assert_eq!(settings.show("work_mem").unwrap(), "8MB");
}

#[test]
fn a_session_value_replaces_a_local_one() {
    let mut settings = settings();
    settings.set("work_mem", "1GB", Scope::Transaction, Authority::User).unwrap();
    set(&mut settings, "work_mem", "2GB").unwrap();
    assert_eq!(settings.show("work_mem").unwrap(), "2GB");
    settings.end_transaction();
    assert_eq!(settings.show("work_mem").unwrap(), "2GB");
}

#[test]
fn reset_goes_back_to_the_values_of_startup() {
    let mut settings = settings();
    let startup = Authority::Startup { superuser: false };
    settings.set("application_name", "psql", Scope::Session, startup).unwrap();
    settings.keep_as_reset_values();
    set(&mut settings, "application_name", "other").unwrap();
    settings.reset("application_name", Scope::Session, Authority::User).unwrap();
    assert_eq!(settings.show("application_name").unwrap(), "psql");
    set(&mut settings, "application_name", "other").unwrap();
    settings.reset_all();
    assert_eq!(settings.show("application_name").unwrap(), "psql");
}

#[test]
fn custom_parameters_have_a_dot_in_their_name() {
    let mut settings = settings();
    set(&mut settings, "app.user", "42").unwrap();
    assert_eq!(settings.show("app.user").unwrap(), "42");
    assert!(settings.show("app.other").is_err());
    assert_eq!(set(&mut settings, "app.1x", "").unwrap_err().code(), sqlstate::INVALID_NAME);
    settings.set("app.local", "1", Scope::Transaction, Authority::User).unwrap();
    settings.end_transaction();
    assert_eq!(settings.show("app.local").unwrap(), "");
}

#[test]
fn the_reported_parameters_are_postgresqls() {
    let settings = settings();
    let mut names: Vec<&str> = settings.reported().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "DateStyle",
            "IntervalStyle",
            "TimeZone",
            "application_name",
            "client_encoding",
            "default_transaction_read_only",
            "in_hot_standby",
            "integer_datetimes",
            "is_superuser",
            "server_encoding",
            "server_version",
            "session_authorization",
            "standard_conforming_strings",
        ]
    );
}
